package dist

import (
	"strings"
	"unsafe"
)

// uncleared returns n bytes whose content is undefined, for a buffer that is overwritten before it is read. make clears
// its result, which takes a seventh of the time of a call for a frame of 64 kB (docs/adr/0007). The memory of
// strings.Builder.Grow is not cleared. It may be changed because the only string that shares it is gone when this
// returns.
func uncleared(n int) []byte {
	if n == 0 {
		return nil
	}
	var b strings.Builder
	b.Grow(n)
	return unsafe.Slice(unsafe.StringData(b.String()), n)
}
