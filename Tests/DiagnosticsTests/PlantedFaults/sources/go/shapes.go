package shapes

import (
	"fmt"
	"os" // PLANTED(go-build) error "os"
)

func Area(width int) string {
	unused := 1 // PLANTED(go-build) error unused
	fmt.Println(width)
	return width * 2 // PLANTED(go-build) error cannot use
}

func Name() string {
	fmt.Println(undefinedOne) // PLANTED(go-build) error undefinedOne
} // PLANTED(go-build) error missing return
