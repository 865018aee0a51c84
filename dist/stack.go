package dist

// readStackSize is about what it takes to read a small message, to run a callback and to write its answer.
const readStackSize = 8 << 10

// growStack grows the stack of a new goroutine at once, and returns 0. A stack begins with 2 kB; without this it would
// be copied several times while the first caller waits for its answer. i is any index: the compiler cannot know it, and
// so does not remove the array.
//
//go:noinline
func growStack(i uint8) byte {
	var room [readStackSize]byte
	room[i] = i
	return room[readStackSize-1-int(i)]
}
