package stats

import "testing"

func TestMean(t *testing.T) {
	if got := Mean([]float64{1, 2}); got != 1.5 {
		t.Errorf("Mean: got %v, want 1.5", got)
	}
}
