package dist

// readStackSize is about what it takes to read a small message, to run a callback and to write its answer.
const readStackSize = 8 << 10

// growStack makes room on the stack of a new goroutine, and returns 0. The stack begins with 2 kB and would be moved
// several times while somebody waits for the first answer, each time with a walk over all that is on it. at is any
// index, which keeps the compiler from leaving the room out.
//
//go:noinline
func growStack(at uint8) byte {
	var room [readStackSize]byte
	room[at] = at
	return room[readStackSize-1-int(at)]
}
