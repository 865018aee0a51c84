package dist

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// certificate returns one for localhost that signs itself.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func tlsPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	ca, cb := tcpPair(t)
	cert := certificate(t)
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Client(ca, &tls.Config{RootCAs: roots, ServerName: "localhost"}),
		tls.Server(cb, &tls.Config{Certificates: []tls.Certificate{cert}})
}

func unixPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	a, err = net.Dial("unix", path)
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// wrapped hides what a connection is.
type wrapped struct{ net.Conn }

// A connection may be carried by whatever is a net.Conn: all sizes, both directions at once, and an orderly end.
func TestAnyCarrierWillDo(t *testing.T) {
	for name, carrier := range map[string]func(*testing.T) (a, b net.Conn){
		"tls": tlsPair, "unix": unixPair,
		"tcp":     func(t *testing.T) (a, b net.Conn) { return tcpPair(t) },
		"wrapped": func(t *testing.T) (a, b net.Conn) { a, b = tcpPair(t); return wrapped{a}, wrapped{b} },
		"pipe":    func(*testing.T) (a, b net.Conn) { return net.Pipe() },
	} {
		t.Run(name, func(t *testing.T) {
			ca, cb := carrier(t)
			ofA, ofB := peers(DefaultFlags)
			a, b := NewConn(ca, ofA, Options{}), NewConn(cb, ofB, Options{})
			toA, toB := newRecorder(), newRecorder()
			endA, endB := serve(t, a, toA), serve(t, b, toB)
			const n = 40
			for i := range n {
				size := []int{0, 1000, 20_000, 300_000}[i%4]
				send(t, a, &Send{From: pidA(uint32(i)), To: pidB(1)}, tuple(etf.Int(i), make(etf.Binary, size)))
				send(t, b, &Send{From: pidB(uint32(i)), To: pidA(1)}, tuple(etf.Int(i), make(etf.Binary, size)))
			}
			for _, got := range [][]received{toA.wait(t, n), toB.wait(t, n)} {
				seen := map[etf.Term]bool{}
				for _, r := range got {
					row := r.payload.(etf.Tuple)
					seen[row[0]] = true
					require.Len(t, row[1], []int{0, 1000, 20_000, 300_000}[int(row[0].(etf.Int))%4])
				}
				require.Len(t, seen, n)
			}
			send(t, a, &Send{From: pidA(1), To: pidB(1)}, make(etf.Binary, 500_000))
			a.Close(nil)
			require.Equal(t, ErrClosed, <-endA)
			require.ErrorIs(t, <-endB, ErrPeerClosed)
			require.Len(t, toB.wait(t, n+1)[n].payload, 500_000)
		})
	}
}

func TestASocketIsWrittenToWithoutWaiting(t *testing.T) {
	ca, cb := tcpPair(t)
	var w rawWriter
	w.init(ca)
	if !w.isPossible() {
		return // the flusher writes on such systems
	}
	bufs := net.Buffers{[]byte("one"), []byte("two"), []byte("three")}
	var sent int
	b := batch{bufs: bufs}
	for len(b.bufs) > 0 {
		n, _, err := w.write(b.bufs)
		require.NoError(t, err)
		sent += n
		b.removeWritten(n)
	}
	require.Equal(t, 11, sent)
	got := make([]byte, 11)
	_, err := cb.Read(got)
	require.NoError(t, err)
	require.Equal(t, "onetwothree", string(got))

	large := make([]byte, 1<<20)
	for all := true; all; {
		var n int
		n, all, err = w.write(net.Buffers{large, large})
		require.NoError(t, err)
		require.LessOrEqual(t, n, 2<<20)
	}
	many := make(net.Buffers, 100)
	for i := range many {
		many[i] = []byte{byte(i)}
	}
	require.NoError(t, ca.Close())
	_, _, err = w.write(many)
	require.ErrorIs(t, err, net.ErrClosed)
	var none rawWriter
	none.init(wrapped{ca})
	require.False(t, none.isPossible())
}

func TestManyBuffersTakeSeveralCalls(t *testing.T) {
	ca, cb := tcpPair(t)
	ofA, _ := peers(plain)
	c := NewConn(ca, ofA, Options{})
	w := &c.out
	for i := range 100 {
		w.batch.bufs = append(w.batch.bufs, []byte{byte(i)})
	}
	if !w.raw.isPossible() {
		return
	}
	full, err := w.writeBatch()
	require.NoError(t, err)
	require.False(t, full)
	require.EqualValues(t, 100, c.Stats().BytesOut)
	got := make([]byte, 100)
	for n := 0; n < len(got); {
		m, err := cb.Read(got[n:])
		require.NoError(t, err)
		n += m
	}
	for i, b := range got {
		require.EqualValues(t, i, b)
	}
	c.Close(nil)
	<-c.Done()
}
