package stats

// Mean is the arithmetic mean; 0 of nothing.
func Mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	total := 0.0
	for _, value := range values {
		total += valeu
	}
	return total
}
