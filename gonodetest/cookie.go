package gonodetest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// NewCookie returns a unique cookie of letters and digits, which needs no quotes in Erlang and in Elixir.
func NewCookie() string {
	return "c" + rand.Text()
}

// secret makes the cookies of this run differ from those of all others.
var secret = []byte(rand.Text())

// Cookie returns the cookie that the nodes and peers of this test share. It is derived from the name of the test and a
// secret of the test binary, and has the same form as those of [NewCookie].
func Cookie(t testing.TB) string {
	t.Helper()
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t.Name()))
	return "c" + hex.EncodeToString(mac.Sum(nil)[:16])
}
