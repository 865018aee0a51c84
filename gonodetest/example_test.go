package gonodetest_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest"
)

// The example makes certificates of one authority for two nodes that talk over TLS.
func Example() {
	_ = func(t *testing.T) {
		authority := gonodetest.NewAuthority(t, "test")
		a, b := authority.Issue(t, []string{"localhost"}), authority.Issue(t, []string{"localhost"})
		t.Log("cacertfile", authority.CA, "certfiles", a.Cert, b.Cert, "keyfiles", a.Key, b.Key)
		t.Log("cookie", gonodetest.Cookie(t))
	}
}
