package adder

func Add(a, b int) int { return a - b }

func At(numbers []int, index int) int {
	return numbers[index]
}
