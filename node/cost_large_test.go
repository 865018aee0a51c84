package node

import (
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

const largeBinary = 64 << 10

// bytesPerCall measures the heap memory of one call. The least of several tries is that of the call alone.
func bytesPerCall(t *testing.T, w *wire, request []byte, size int) uint64 {
	least := ^uint64(0)
	for range 5 {
		const calls = 50
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range calls {
			w.ask(t, request, size)
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/calls)
	}
	return least
}

// sized starts a node whose server answers the size of a binary, and otherwise a large binary.
func sized(t *testing.T) *wire {
	n, w, _, _ := called(t, small)
	var large etf.Term = make(etf.Binary, largeBinary)
	_, err := n.Spawn(t.Context(),
		genserv.Child{Name: "sized", Module: genserv.Of(doer{do: func(_ *genserv.Process, r etf.Term) etf.Term {
			if b, ok := r.(etf.Binary); ok {
				return etf.Int(len(b))
			}
			return large
		}})})
	require.NoError(t, err)
	return w
}

// The frame is read into the memory that the binary keeps.
func TestALargeBinaryThatIsReadTakesItsMemoryOnce(t *testing.T) {
	w := sized(t)
	first, again := w.frames(t, smallCall(w.self(), "sized", make(etf.Binary, largeBinary)))
	_, err := w.conn.Write(first)
	require.NoError(t, err)
	w.answer(t)
	_, err = w.conn.Write(again)
	require.NoError(t, err)
	size := len(w.answer(t))
	require.Less(t, bytesPerCall(t, w, again, size), uint64(largeBinary*5/4))
}

// The binary is written from its own memory.
func TestALargeBinaryThatIsWrittenTakesNoMemory(t *testing.T) {
	w := sized(t)
	first, again := w.frames(t, smallCall(w.self(), "sized", etf.Atom("large")))
	for _, request := range [][]byte{first, again} {
		_, err := w.conn.Write(request)
		require.NoError(t, err)
		for rest := largeBinary; rest > 0; {
			rest -= w.skip(t)
		}
	}
	_, err := w.conn.Write(again)
	require.NoError(t, err)
	size := 0
	for rest := largeBinary; rest > 0; {
		n := w.skip(t)
		size, rest = size+4+n, rest-n
	}
	require.Less(t, bytesPerCall(t, w, again, size), uint64(2000))
}

// skip reads one frame of any size and returns the size after its length field.
func (w *wire) skip(t *testing.T) int {
	_, err := io.ReadFull(w.conn, w.buf[:4])
	require.NoError(t, err)
	n := int(w.buf[0])<<24 | int(w.buf[1])<<16 | int(w.buf[2])<<8 | int(w.buf[3])
	_, err = io.CopyN(io.Discard, w.conn, int64(n))
	require.NoError(t, err)
	return n
}
