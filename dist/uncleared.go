package dist

import (
	"strings"
	"unsafe"
)

// uncleared returns n bytes of no value, for what is written over before anybody looks at it. What make returns has
// been cleared, which for a frame of 64 kB takes a seventh of the time of a call (docs/adr/0007). What
// strings.Builder.Grow takes has not; the one string that has these bytes is gone when this returns, so they may be
// changed.
func uncleared(n int) []byte {
	if n == 0 {
		return nil
	}
	var b strings.Builder
	b.Grow(n)
	return unsafe.Slice(unsafe.StringData(b.String()), n)
}
