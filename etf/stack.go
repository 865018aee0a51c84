package etf

// recursion is how many levels of a term are read, written, compared and hashed by recursion, which is fast. Deeper
// levels are walked with a stack on the heap: a peer may nest ten million levels.
const recursion = 128

// Sizes of the chunks of a stack.
const (
	firstStackChunk = 8
	maxStackChunk   = 4096
)

// stack is a stack on the heap. It grows by chunks, so nothing on it is ever copied.
type stack[T any] struct {
	n          int
	top        []T   // the chunk in use; empty only if the stack is
	fullChunks [][]T // full ones
	spareChunk []T   // the one that was left last, so that going up and down at its edge costs nothing
}

func (s *stack[T]) push(v T) {
	if len(s.top) == cap(s.top) {
		s.grow()
	}
	s.top = append(s.top, v)
	s.n++
}

func (s *stack[T]) grow() {
	size := firstStackChunk
	if s.top != nil {
		s.fullChunks = append(s.fullChunks, s.top)
		size = min(2*cap(s.top), maxStackChunk)
	}
	if s.top, s.spareChunk = s.spareChunk, nil; s.top == nil {
		s.top = make([]T, 0, size)
	}
}

// pop takes the value on top away.
func (s *stack[T]) pop() T {
	var none T
	last := len(s.top) - 1
	v := s.top[last]
	s.top[last] = none
	s.top = s.top[:last]
	s.n--
	if full := len(s.fullChunks) - 1; last == 0 && full >= 0 {
		s.top, s.spareChunk = s.fullChunks[full], s.top
		s.fullChunks[full] = nil
		s.fullChunks = s.fullChunks[:full]
	}
	return v
}

// peek returns the place of the value on top.
func (s *stack[T]) peek() *T { return &s.top[len(s.top)-1] }
