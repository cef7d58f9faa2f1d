package deep

type Shape interface{ Area() int }
type Square struct{}

func New() Shape {
	return Square{} // PLANTED(go-build) error Square
}

func Call() {
	New().Missing(1, // PLANTED(go-build) error Missing
		2)
}
