package releasehandler_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The time in which what surely comes has to come, and between two looks.
const (
	waitLong  = 30 * time.Second
	waitShort = 2 * time.Millisecond
)

func parse(t *testing.T, text string) etf.Term {
	t.Helper()
	term, err := etf.Parse(text)
	require.NoError(t, err, text)
	return term
}
