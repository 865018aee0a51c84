package dist

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAReadIntoALargeFrameBringsWhatStandsBehindIt(t *testing.T) {
	a, b := tcpPair(t)
	var r rawReader
	r.init(b)
	for range 10 {
		_, err := a.Write(make([]byte, 400))
		require.NoError(t, err)
		n, err := r.read(make([]byte, 100), make([]byte, readBehind))
		require.NoError(t, err)
		if runtime.GOOS == "linux" {
			require.Equal(t, 400, n)
			continue
		}
		_, err = r.read(make([]byte, 300), nil)
		require.NoError(t, err)
	}
}
