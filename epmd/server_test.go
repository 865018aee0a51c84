package epmd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// afar is a connection whose client seems to sit at another address.
type afar struct {
	net.Conn
	remote, own net.Addr
}

func (a afar) RemoteAddr() net.Addr { return a.remote }
func (a afar) LocalAddr() net.Addr  { return a.own }

// afarListener makes all clients of a listener seem to sit elsewhere.
type afarListener struct {
	net.Listener
	remote, own net.Addr
}

func (l afarListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return afar{c, l.remote, l.own}, err
}

func tcpAddr(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

func frame(body string) []byte { return appendFrame(nil, []byte(body)) }

func alive(name string) []byte {
	return alive2Req{port: 4711, nodeType: TypeVisible, high: 6, low: 5, name: name}.append(nil)
}

func TestEveryRequestIsAnsweredAsEpmdAnswersIt(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{Port: 4369})
	register(t, addr, "a", 4711)
	for _, c := range []struct {
		name   string
		req    []byte
		answer string
	}{
		{"lookup", frame("za"), "w\x00\x12\x67M\x00\x00\x06\x00\x05\x00\x01a\x00\x00"},
		{"lookup with the NUL of old nodes", frame("za\x00"), "w\x00\x12\x67M\x00\x00\x06\x00\x05\x00\x01a\x00\x00"},
		{"lookup of nobody", frame("zb"), "w\x01"},
		{"lookup without a name", frame("z"), ""},
		{"lookup of a broken name", frame("z\xe5"), ""},
		{"names", frame("n"), "\x00\x00\x11\x11name a at port 4711\n"},
		{"names with bytes behind", frame("nxyz"), "\x00\x00\x11\x11name a at port 4711\n"},
		{"dump", frame("d"), "\x00\x00\x11\x11active name     <a> at port 4711, fd = 1\n\x00"},
		{"kill", frame("k"), "NO"},
		{"stop", frame("sa"), ""},
		{"stop of nobody", frame("sb"), ""},
		{"unknown", frame("Q"), ""},
		{"an answer", frame("w\x00"), ""},
		{"length zero", []byte("\x00\x00"), ""},
		{"a web client", []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), ""},
		{"a TLS client", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), ""},
		{"a registration without a name", frame("x\x12\x67M\x00\x00\x06\x00\x05\x00\x00\x00\x00"), ""},
		{"a registration with a NUL in the name", alive("x\x00y"), ""},
		{"a registration cut short", frame("x\x12\x67M\x00"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.answer, string(talk(t, addr, c.req)))
		})
	}
	_, err := Lookup(t.Context(), addr, "a")
	require.NoError(t, err, "the registered node has noticed nothing")
}

func TestAClientThatAnnouncesLessThanSixGetsASmallCreation(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	var last byte
	for i := range 4 {
		c := dialRaw(t, addr)
		_, err := c.Write(alive2Req{port: 1, high: 5, low: 5, name: "old"}.append(nil))
		require.NoError(t, err)
		b := readN(t, c, 4)
		require.Equal(t, []byte{tagAlive2Resp, resultOK, 0}, b[:3])
		require.True(t, b[3] >= 1 && b[3] <= 3)
		if i > 0 {
			require.Equal(t, last%3+1, b[3])
		}
		last = b[3]
		require.NoError(t, c.(*net.TCPConn).CloseWrite())
		readAll(t, c)
	}
}

func TestARefusedRegistrationIsAnsweredAndItsConnectionStaysForAWhile(t *testing.T) {
	for name, req := range map[string][]byte{
		"a taken name":        alive("a"),
		"256 characters":      alive(strings.Repeat("x", 256)),
		"not UTF-8":           alive("\xe5"),
		"a line break":        alive("x\nname y at port 1"),
		"an extra of 1021":    alive2Req{high: 6, name: "x", extra: make([]byte, 1021)}.append(nil),
		"all 1024 names used": alive("x"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p pipes
				s := serve(t, ServerOptions{}, p.listen())
				r, _ := begin(t, &p, "a")
				if strings.HasPrefix(name, "all") {
					s.mu.Lock()
					s.names.max = 1
					s.mu.Unlock()
				}
				c, err := p.dial(t.Context(), "", "")
				require.NoError(t, err)
				start := time.Now()
				_, err = c.Write(req)
				require.NoError(t, err)
				require.Equal(t, unhex(t, "76 01 00000063"), readN(t, c, 6))
				_, err = c.Read(make([]byte, 1))
				require.ErrorIs(t, err, io.EOF)
				require.Equal(t, 60*time.Second, time.Since(start))
				require.NoError(t, r.Close())
			})
		})
	}
}

func TestTheLongestNameIsRegisteredAndFound(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	name := strings.Repeat("😀", 255)
	register(t, addr, name, 4711)
	got, err := Lookup(t.Context(), addr, name)
	require.NoError(t, err)
	require.Equal(t, name, got.Name)
}

func TestARegistrationEndsWithItsConnection(t *testing.T) {
	for name, end := range map[string]func(net.Conn) error{
		"closed":      func(c net.Conn) error { return c.Close() },
		"half closed": func(c net.Conn) error { return c.(*net.TCPConn).CloseWrite() },
		"reset":       func(c net.Conn) error { return errors.Join(c.(*net.TCPConn).SetLinger(0), c.Close()) },
		"used on":     func(c net.Conn) error { _, err := c.Write([]byte("x")); return err },
	} {
		t.Run(name, func(t *testing.T) {
			_, addr := serveTCP(t, ServerOptions{})
			c := dialRaw(t, addr)
			_, err := c.Write(alive("a"))
			require.NoError(t, err)
			readN(t, c, 6)
			_, err = Lookup(t.Context(), addr, "a")
			require.NoError(t, err)
			require.NoError(t, end(c))
			eventually(t, 5*time.Second, func() bool {
				_, err := Lookup(t.Context(), addr, "a")
				return errors.Is(err, ErrNotFound)
			}, "the name is given up")
		})
	}
}

func TestARegistrationLivesLongerThanTheIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		serve(t, ServerOptions{}, p.listen())
		r, d := begin(t, &p, "a")
		<-time.After(30 * 24 * time.Hour)
		synctest.Wait()
		require.Empty(t, d.read())
		require.NoError(t, r.Close())
	})
}

func TestAClientThatDribblesIsClosedAfterTheIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		serve(t, ServerOptions{}, p.listen())
		c, err := p.dial(t.Context(), "", "")
		require.NoError(t, err)
		defer c.Close()
		start := time.Now()
		for _, b := range alive("abcdefghijklmnopqrstuvwxyz") {
			if _, err = c.Write([]byte{b}); err != nil {
				break
			}
			<-time.After(9 * time.Second)
		}
		require.Error(t, err)
		require.Less(t, time.Since(start), 70*time.Second)
	})
}

func TestStrangersMayAskButNotRegisterDumpOrKill(t *testing.T) {
	for _, c := range []struct {
		remote, own string
		local       bool
	}{
		{"127.0.0.1:5000", "127.0.0.1:4369", true},
		{"127.8.9.10:5000", "127.0.0.1:4369", true},
		{"[::1]:5000", "[::1]:4369", true},
		{"[::ffff:127.0.0.1]:5000", "[::ffff:127.0.0.1]:4369", true},
		{"10.0.0.1:5000", "10.0.0.1:4369", true},
		{"[::ffff:10.0.0.1]:5000", "10.0.0.1:4369", true},
		{"10.0.0.2:5000", "10.0.0.1:4369", false},
		{"[fd00::2]:5000", "[fd00::1]:4369", false},
		{"[fe80::1%a]:5000", "[fe80::1%b]:4369", false},
	} {
		t.Run(c.remote+" to "+c.own, func(t *testing.T) {
			var p pipes
			serve(t, ServerOptions{}, afarListener{p.listen(), tcpAddr(c.remote), tcpAddr(c.own)})
			client := Client{Dial: p.dial}
			_, err := client.Lookup(t.Context(), "h:1", "nobody")
			require.ErrorIs(t, err, ErrNotFound)
			_, err = client.Names(t.Context(), "h:1")
			require.NoError(t, err)

			_, err = client.Dump(t.Context(), "h:1")
			require.Equal(t, c.local, err == nil, "%v", err)
			r, err := Register(t.Context(), RegisterOptions{Addr: "h:1", Name: "a", Port: 1, Client: client})
			require.Equal(t, c.local, err == nil, "%v", err)
			if err == nil {
				require.NoError(t, r.Close())
			} else {
				require.ErrorContains(t, err, "own host only")
			}
		})
	}
}

func TestAnAddressOfUnknownKindIsAStranger(t *testing.T) {
	require.False(t, isLocal(afar{remote: &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}, own: &net.IPAddr{}}))
	require.True(t, isLocal(afar{remote: &net.UnixAddr{Net: "unix"}, own: &net.UnixAddr{Net: "unix"}}))
}

func TestKillIsObeyedOnlyWhileNoNameIsRegistered(t *testing.T) {
	s, addr := serveTCP(t, ServerOptions{})
	r := register(t, addr, "a", 1)
	require.Equal(t, "NO", string(talk(t, addr, frame("k"))))
	select {
	case <-s.Done():
		t.Fatal("the server stopped")
	default:
	}
	require.NoError(t, r.Close())
	idle := dialRaw(t, addr)
	require.Equal(t, "OK", string(talk(t, addr, frame("k"))))
	<-s.Done()
	require.Empty(t, readAll(t, idle), "other connections are closed too")
	_, err := Names(t.Context(), addr)
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestManyNodesComeAndGoAtOnce(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			name := fmt.Sprint("n", i)
			for range 10 {
				r, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: name, Port: uint16(i + 1)})
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := Lookup(t.Context(), addr, name); err != nil || got.Port != uint16(i+1) {
					t.Error(got, err)
				}
				_ = r.Close()
			}
		})
	}
	wg.Wait()
	names, err := Names(t.Context(), addr)
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestOneNameWantedByManyAtOnceGoesToOne(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	var wg sync.WaitGroup
	got := make(chan *Registration, 40)
	for i := range 40 {
		wg.Go(func() {
			r, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: "a", Port: uint16(i + 1)})
			var taken *NameTakenError
			if err == nil {
				got <- r
			} else if !errors.As(err, &taken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Len(t, got, 1)
	require.NoError(t, (<-got).Close())
}

func TestCloseOfAServerWaitsAndMayBeCalledTwice(t *testing.T) {
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	s := NewServer(ServerOptions{})
	served := make(chan error, 1)
	go func() { served <- s.Serve(ls...) }()
	addr := ls[0].Addr().String()
	c := dialRaw(t, addr)
	_, err = Names(t.Context(), addr)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.NoError(t, <-served)
	require.Empty(t, readAll(t, c))

	again, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	require.NoError(t, s.Serve(again...), "a closed server serves nothing")
	_, err = again[0].Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestSeveralListenersShareTheNames(t *testing.T) {
	var p, q pipes
	serve(t, ServerOptions{}, p.listen(), q.listen())
	r, _ := begin(t, &p, "a")
	_, err := Client{Dial: q.dial}.Lookup(t.Context(), "h:1", "a")
	require.NoError(t, err)
	require.NoError(t, r.Close())
}
