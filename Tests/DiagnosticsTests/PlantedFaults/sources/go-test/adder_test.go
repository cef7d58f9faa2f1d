package adder

import "testing"

func TestAdds(t *testing.T) {
	if got := Add(1, 2); got != 3 {
		t.Errorf("Add(1, 2) = %d, want 3", got) // PLANTED(go-test) error Add(1, 2)
	}
	t.Log("only a log")
	t.Error("a second fault") // PLANTED(go-test) error second fault
}

func TestTable(t *testing.T) {
	for name, sum := range map[string]int{"five and five": 10} {
		t.Run(name, func(t *testing.T) {
			if Add(5, 5) != sum {
				t.Fatalf("a message\nof two lines") // PLANTED(go-test) error TestTable/five_and_five
			}
		})
	}
}

func TestPasses(t *testing.T)  {}
func TestSkipped(t *testing.T) { t.Skip("not here") }
