package gonodetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

func TestCookiesAndPortsAreFresh(t *testing.T) {
	require.NotEqual(t, gonodetest.NewCookie(), gonodetest.NewCookie())
	require.Regexp(t, `^[a-z][A-Za-z0-9]+$`, gonodetest.NewCookie())
	require.Positive(t, gonodetest.FreePort(t))
}

func TestTheCookieOfATestIsItsOwn(t *testing.T) {
	own := gonodetest.Cookie(t)
	require.Equal(t, own, gonodetest.Cookie(t))
	require.Regexp(t, `^[a-z][A-Za-z0-9]+$`, own)
	t.Run("another", func(t *testing.T) { require.NotEqual(t, own, gonodetest.Cookie(t)) })
}
