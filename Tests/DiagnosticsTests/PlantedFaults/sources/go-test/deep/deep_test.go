package deep

import "testing"

func TestPanics(t *testing.T) {
	var numbers []int
	_ = numbers[3] // PLANTED(go-test) error index out of range
}
