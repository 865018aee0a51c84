package releasehandler

import "github.com/gonode-otp/gonode/etf"

// stringOf reads a string of Erlang: a list of characters.
func stringOf(t etf.Term) (string, bool) {
	list, ok := t.(etf.List)
	if !ok {
		return "", false
	}
	runes := make([]rune, len(list))
	for i, e := range list {
		c, ok := e.(etf.Int)
		if !ok || c < 0 || c > 0x10ffff {
			return "", false
		}
		runes[i] = rune(c)
	}
	return string(runes), true
}
