package epmd

import (
	"context"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// answering dials an EPMD that reads a request and answers with b, then hangs up.
func answering(b []byte) DialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := readFrame(theirs); err == nil {
				_, _ = theirs.Write(b)
			}
		}()
		return ours, nil
	}
}

// silent dials an EPMD that takes the request and never answers.
func silent(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		_, _ = io.Copy(io.Discard, theirs)
	}()
	return ours, nil
}

func TestALookupTellsAllThatTheNodeAnnounced(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	r, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: "grüße", Port: 4711, Hidden: true,
		Extra: []byte("tag")})
	require.NoError(t, err)
	defer r.Close()
	got, err := Lookup(t.Context(), addr, "grüße")
	require.NoError(t, err)
	require.Equal(t, NodeInfo{Name: "grüße", Port: 4711, Type: TypeHidden, High: 6, Low: 5, Extra: []byte("tag")}, got)
}

func TestAnUnknownNameIsNotFound(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	_, err := Lookup(t.Context(), addr, "nobody")
	require.ErrorIs(t, err, ErrNotFound)
	require.NotErrorIs(t, err, ErrUnavailable)
	require.Contains(t, err.Error(), "nobody")
	require.Contains(t, err.Error(), addr)
}

func TestNamesAndDumpListWhatIsRegistered(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	empty, err := Names(t.Context(), addr)
	require.NoError(t, err)
	require.Empty(t, empty)

	register(t, addr, "a", 1)
	gone := register(t, addr, "b", 2)
	register(t, addr, "c", 3)
	require.NoError(t, gone.Close())
	names, err := Names(t.Context(), addr)
	require.NoError(t, err)
	require.Equal(t, []Entry{{"c", 3}, {"a", 1}}, names)

	dump, err := Dump(t.Context(), addr)
	require.NoError(t, err)
	require.Len(t, dump, 3)
	require.Equal(t, DumpEntry{Name: "b", Port: 2, FD: dump[2].FD}, dump[2])
}

func TestNobodyListeningIsUnavailableAtOnce(t *testing.T) {
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	addr := ls[0].Addr().String()
	closeAll(ls)
	_, err = Names(t.Context(), addr)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = Register(t.Context(), RegisterOptions{Addr: addr, Name: "a", Port: 1})
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestAnEPMDThatNeverAnswersCostsTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := Client{Dial: silent}.Names(t.Context(), "h:4369")
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestTheTimeoutOfTheClientAndTheDeadlineOfTheCallerBothCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := Client{Dial: silent, Timeout: 3 * time.Second}.Lookup(t.Context(), "h:4369", "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		_, err = Client{Dial: silent}.Dump(ctx, "h:4369")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
	})
}

func TestACallerWhoGivesUpIsToldThatAndNotThatTheEPMDIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := Client{Dial: silent}.Names(ctx, "h:4369")
			done <- err
		}()
		synctest.Wait()
		cancel()
		err := <-done
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrUnavailable)
	})
}

func TestAnAnswerThatIsNoneIsAProtocolErrorWithTheAddress(t *testing.T) {
	lookup := func(c Client) error { _, err := c.Lookup(t.Context(), "h:4369", "a"); return err }
	names := func(c Client) error { _, err := c.Names(t.Context(), "h:4369"); return err }
	dump := func(c Client) error { _, err := c.Dump(t.Context(), "h:4369"); return err }
	announce := func(c Client) error {
		_, err := Register(t.Context(), RegisterOptions{Addr: "h:4369", Name: "a", Port: 1, Client: c})
		return err
	}
	for _, c := range []struct {
		name   string
		ask    func(Client) error
		answer []byte
		says   string
	}{
		{"lookup: closed at once", lookup, nil, "closed without one"},
		{"lookup: a web server", lookup, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "unknown tag 72"},
		{"lookup: about another node", lookup, port2Resp{node: alive2Req{name: "b"}}.append(nil), `about "b" instead of "a"`},
		{"lookup: without end", lookup, make([]byte, maxPort2+100), "too long"},
		{"names: closed at once", names, nil, "closed without one"},
		{"names: cut off", names, []byte("\x00\x00\x11\x11name a at"), "cut off"},
		{"dump: cut off", dump, []byte("\x00\x00\x11\x11name a at"), "cut off"},
		{"dump: closed at once", dump, nil, "closed without one"},
		{"registration: closed at once", announce, nil, "own host only"},
		{"registration: a web server", announce, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "unknown tag 72"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.ask(Client{Dial: answering(c.answer)})
			var pe *ProtocolError
			require.ErrorAs(t, err, &pe)
			require.NotErrorIs(t, err, ErrUnavailable)
			require.Contains(t, err.Error(), c.says)
			require.Contains(t, err.Error(), "h:4369")
		})
	}
}

func TestAListWithoutEndIsCutAtTheLimit(t *testing.T) {
	endless := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			_, _ = readFrame(theirs)
			line := []byte(strings.Repeat("name a at port 7\n", 4096))
			for {
				if _, err := theirs.Write(line); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}
	_, err := Client{Dial: endless}.Names(t.Context(), "h:4369")
	require.ErrorContains(t, err, "too long")
}

func TestANameThatCannotBeOneIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, name := range []string{"", "a@host", "a\x00", "\xe5", strings.Repeat("a", 256)} {
		var ne *NameError
		_, err := Lookup(t.Context(), "", name)
		require.ErrorAs(t, err, &ne, "%q", name)
		_, err = Register(t.Context(), RegisterOptions{Name: name, Port: 1})
		require.ErrorAs(t, err, &ne, "%q", name)
	}
}
