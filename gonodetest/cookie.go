package gonodetest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

// NewCookie returns a cookie that nobody else uses: letters and digits, so that it needs no quotes in either language.
func NewCookie() string {
	return "c" + rand.Text()
}

// secret makes the cookies of this run differ from those of all others.
var secret = []byte(rand.Text())

// Cookie returns the cookie that the nodes and peers of this test share. It is made of the name of the test and a
// secret of the test binary, and of the same form as those of [NewCookie].
func Cookie(t testing.TB) string {
	t.Helper()
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t.Name()))
	return "c" + hex.EncodeToString(mac.Sum(nil)[:16])
}
