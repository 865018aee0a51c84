package dist

import "github.com/gonode-otp/gonode/etf"

// Clone copies a message out of the memory of the reader.
func Clone(m Message) Message { return clone(m) }

// Hostile are control messages of a@localhost to b@localhost that are not as they have to be, and whether they are
// tolerated all the same.
func Hostile() (rows map[string]etf.Tuple, harmless map[string]bool) { return misshapen(), tolerated }
