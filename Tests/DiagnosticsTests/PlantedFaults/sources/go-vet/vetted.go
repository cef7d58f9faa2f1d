package vetted

import (
	"fmt"
	"sync"
)

type guarded struct{ mutex sync.Mutex }

func (g *guarded) Locked() bool { return !g.mutex.TryLock() }

func Print(name string) {
	fmt.Printf("%d\n", name) // PLANTED(go-vet) error Printf PLANTED(go-vet-json) warning Printf
	fmt.Println("value %s", name) // PLANTED(go-vet) error Println PLANTED(go-vet-json) warning Println
	name = name // PLANTED(go-vet) error self-assignment PLANTED(go-vet-json) warning self-assignment
}

func copied(value guarded) int { // PLANTED(go-vet) error lock PLANTED(go-vet-json) warning lock
	for {
		if value.Locked() {
			return 1
		}
	}
	return 2 // PLANTED(go-vet) error unreachable PLANTED(go-vet-json) warning unreachable
}
