package dist

import (
	"hash/crc32"

	"github.com/gonode-otp/gonode/etf"
)

// Clone copies a message out of the memory of the reader.
func Clone(m Message) Message { return clone(m) }

// Hostile are control messages of a@localhost to b@localhost that are not as they have to be, and whether they are
// tolerated all the same.
func Hostile() (rows map[string]etf.Tuple, harmless map[string]bool) { return misshapen(), tolerated }

// FixAtomSlots gives every atom of a new connection the same slot of the cache in every process. So what it sends can
// be compared with what another process has sent.
func FixAtomSlots(c *Conn) {
	if cache := c.out.enc.cache; cache != nil {
		cache.hash = func(text string) uint64 { return uint64(crc32.ChecksumIEEE([]byte(text))) }
	}
}
