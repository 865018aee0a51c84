package epmd

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// diary keeps the events of a registration with the time since it was begun.
type diary struct {
	mu    sync.Mutex
	start time.Time
	lines []string
	errs  []error
}

func (d *diary) note(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, time.Since(d.start).String()+" "+e.Kind.String())
	d.errs = append(d.errs, e.Err)
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.lines...)
}

// begin registers name by way of p and returns the registration with its diary.
func begin(t *testing.T, p *pipes, name string) (*Registration, *diary) {
	t.Helper()
	d := &diary{start: time.Now()}
	r, err := Register(t.Context(), RegisterOptions{
		Addr: "h:4369", Name: name, Port: 4711, OnChange: d.note, Client: Client{Dial: p.dial},
	})
	require.NoError(t, err)
	return r, d
}

func TestARegistrationComesBackTwoSecondsAfterTheEPMDDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		first := serve(t, ServerOptions{}, p.listen())
		r, d := begin(t, &p, "a")
		creation := r.Creation()
		require.Equal(t, uint32(time.Now().Unix()), creation)

		require.NoError(t, first.Close())
		<-time.After(5 * time.Second) // two attempts fail
		serve(t, ServerOptions{}, p.listen())
		<-time.After(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"0s lost", "2s failed", "4s failed", "6s restored"}, d.read())
		require.ErrorIs(t, d.errs[1], ErrUnavailable)
		require.NoError(t, d.errs[3])

		require.Equal(t, creation, r.Creation(), "a node cannot change its creation")
		got, err := Client{Dial: p.dial}.Lookup(t.Context(), "h:4369", "a")
		require.NoError(t, err)
		require.Equal(t, uint16(4711), got.Port)
		require.NoError(t, r.Close())
	})
}

func TestTheFirstWhoLosesItsEPMDRevivesItForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		first := serve(t, ServerOptions{}, p.listen())
		var revived atomic.Int32
		register := func(name string, revive func(context.Context) error) (*Registration, *diary) {
			d := &diary{start: time.Now()}
			r, err := Register(t.Context(), RegisterOptions{Addr: "h:4369", Name: name, Port: 4711, OnChange: d.note,
				Client: Client{Dial: p.dial}, Revive: revive})
			require.NoError(t, err)
			return r, d
		}
		revive := func(context.Context) error {
			if revived.Add(1) == 1 {
				serve(t, ServerOptions{}, p.listen())
			}
			return nil // else somebody was faster
		}
		a, ofA := register("a", revive)
		b, ofB := register("b", revive)
		waits, waiter := register("waits", nil)
		fails, failing := register("fails", func(context.Context) error { return errors.New("may not listen") })

		require.NoError(t, first.Close())
		<-time.After(5 * time.Second)
		for _, d := range []*diary{ofA, ofB} {
			require.Equal(t, []string{"0s lost", "1s restored"}, d.read())
		}
		require.Equal(t, []string{"0s lost", "2s restored"}, waiter.read())
		require.Contains(t, [][]string{{"0s lost", "1s failed", "3s restored"}, {"0s lost", "1s restored"}}, failing.read())
		names, err := Client{Dial: p.dial}.Names(t.Context(), "h:4369")
		require.NoError(t, err)
		require.Len(t, names, 4)
		for _, r := range []*Registration{a, b, waits, fails} {
			require.NoError(t, r.Close())
		}
	})
}

func TestARegistrationIsKeptThroughManyRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		s := serve(t, ServerOptions{}, p.listen())
		r, d := begin(t, &p, "a")
		for range 20 {
			require.NoError(t, s.Close())
			s = serve(t, ServerOptions{}, p.listen())
			<-time.After(3 * time.Second)
			synctest.Wait()
			names, err := Client{Dial: p.dial}.Names(t.Context(), "h:4369")
			require.NoError(t, err)
			require.Equal(t, []Entry{{"a", 4711}}, names)
		}
		require.Len(t, d.read(), 40)
		require.NoError(t, r.Close())
	})
}

func TestHoursWithoutEPMDDoNotEndTheAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		s := serve(t, ServerOptions{}, p.listen())
		r, d := begin(t, &p, "a")
		require.NoError(t, s.Close())
		<-time.After(3*time.Hour - time.Second)
		synctest.Wait()
		require.Len(t, d.read(), 3*3600/2)
		serve(t, ServerOptions{}, p.listen())
		<-time.After(2 * time.Second)
		synctest.Wait()
		require.Equal(t, "3h0m0s restored", d.lines[len(d.lines)-1])
		require.NoError(t, r.Close())
	})
}

func TestAComebackUnderATakenNameGoesOnTrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		s := serve(t, ServerOptions{}, p.listen())
		r, d := begin(t, &p, "a")
		require.NoError(t, s.Close())
		serve(t, ServerOptions{}, p.listen())
		thief, _ := begin(t, &p, "a")
		<-time.After(3 * time.Second)
		require.NoError(t, thief.Close())
		<-time.After(2 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"0s lost", "2s failed", "4s restored"}, d.read())
		var taken *NameTakenError
		require.ErrorAs(t, d.errs[1], &taken)
		require.Equal(t, uint16(4711), taken.Port)
		require.NoError(t, r.Close())
	})
}

func TestAnEPMDThatHangsDuringTheComebackIsGivenUpAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		s := serve(t, ServerOptions{}, p.listen())
		hang := false
		dial := func(ctx context.Context, n, a string) (net.Conn, error) {
			if hang {
				hang = false
				return silent(ctx, n, a)
			}
			return p.dial(ctx, n, a)
		}
		d := &diary{start: time.Now()}
		r, err := Register(t.Context(), RegisterOptions{Addr: "h:1", Name: "a", Port: 1, OnChange: d.note,
			Client: Client{Dial: dial}})
		require.NoError(t, err)
		hang = true
		require.NoError(t, s.Close())
		serve(t, ServerOptions{}, p.listen())
		<-time.After(15 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"0s lost", "12s failed", "14s restored"}, d.read())
		require.ErrorIs(t, d.errs[1], context.DeadlineExceeded)
		require.NoError(t, r.Close())
	})
}

func TestCloseEndsTheAttemptsAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		wait time.Duration // after the EPMD is gone
		dial DialFunc
	}{
		{"during the pause", time.Second, nil},
		{"during an attempt that hangs", 3 * time.Second, silent},
		{"during a dial that hangs", 3 * time.Second, func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p pipes
				s := serve(t, ServerOptions{}, p.listen())
				dial := p.dial
				d := &diary{start: time.Now()}
				r, err := Register(t.Context(), RegisterOptions{Addr: "h:1", Name: "a", Port: 1, OnChange: d.note,
					Client: Client{Dial: func(ctx context.Context, n, a string) (net.Conn, error) { return dial(ctx, n, a) }}})
				require.NoError(t, err)
				if c.dial != nil {
					dial = c.dial
				}
				require.NoError(t, s.Close())
				<-time.After(c.wait)
				before := time.Now()
				require.NoError(t, r.Close())
				require.Equal(t, before, time.Now(), "nothing was waited for")
				require.Equal(t, []string{"0s lost"}, d.read(), "the end is no event")
			})
		})
	}
}

func TestCloseMayBeCalledTwiceAndByManyAtOnce(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	r, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: "a", Port: 1})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { _ = r.Close() })
	}
	wg.Wait()
	require.NoError(t, r.Close())
}

func TestANameIsFreeWhenCloseReturns(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	for i := range 50 {
		r, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: "a", Port: uint16(i + 1)})
		require.NoError(t, err, "round %d", i)
		require.NoError(t, r.Close())
	}
}

func TestCloseDoesNotWaitLongForAnEPMDThatKeepsTheConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	over := make(chan struct{})
	go func() { // answers, and then neither reads nor closes
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = readFrame(c)
		_, _ = c.Write(alive2Resp{creation: 7, extended: true}.append(nil))
		<-over
	}()
	r, err := Register(t.Context(), RegisterOptions{Addr: l.Addr().String(), Name: "a", Port: 1})
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, r.Close())
	require.Less(t, time.Since(start), 5*time.Second)
	close(over)
}

func TestATakenNameIsRefusedWithItsHolder(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	register(t, addr, "a", 4711)
	_, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: "a", Port: 4712})
	var taken *NameTakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, NameTakenError{Name: "a", Addr: addr, Port: 4711}, *taken)
}

func TestARefusalWithoutAHolderIsNotBlamedOnOne(t *testing.T) {
	hungUp := make(chan struct{}, 2)
	refuse := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { // as epmd, it keeps the connection of a refused registration until the client closes it
			defer theirs.Close()
			if b, _ := readFrame(theirs); b[0] == tagAlive2 {
				_, _ = theirs.Write(alive2Resp{result: 1, creation: 99, extended: true}.append(nil))
				_, _ = theirs.Read(make([]byte, 1))
				hungUp <- struct{}{}
			}
		}()
		return ours, nil
	}
	_, err := Register(t.Context(), RegisterOptions{Addr: "h:1", Name: "a", Port: 1, Client: Client{Dial: refuse}})
	var taken *NameTakenError
	require.ErrorAs(t, err, &taken)
	require.Zero(t, taken.Port)
	<-hungUp
}

func TestAnOldEPMDGivesASmallCreation(t *testing.T) {
	for _, end := range []string{"whole", "byte by byte"} {
		t.Run(end, func(t *testing.T) {
			b := alive2Resp{creation: 3}.append(nil)
			dial := func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					_, _ = readFrame(theirs)
					if end == "whole" {
						_, _ = theirs.Write(b)
					} else {
						for i := range b {
							_, _ = theirs.Write(b[i : i+1])
						}
					}
					var one [1]byte
					_, _ = theirs.Read(one[:])
					_ = theirs.Close()
				}()
				return ours, nil
			}
			r, err := Register(t.Context(), RegisterOptions{Addr: "h:1", Name: "a", Port: 1, Client: Client{Dial: dial}})
			require.NoError(t, err)
			require.Equal(t, uint32(3), r.Creation())
			require.NoError(t, r.Close())
		})
	}
}

func TestWhatAnEPMDSaysOnARegisteredConnectionIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := make(chan net.Conn, 1)
		dial := func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = readFrame(theirs)
				_, _ = theirs.Write(alive2Resp{creation: 7, extended: true}.append(nil))
				held <- theirs
			}()
			return ours, nil
		}
		d := &diary{}
		r, err := Register(t.Context(), RegisterOptions{Addr: "h:1", Name: "a", Port: 1, OnChange: d.note,
			Client: Client{Dial: dial}})
		require.NoError(t, err)
		theirs := <-held
		_, err = theirs.Write(make([]byte, 1000))
		require.NoError(t, err)
		synctest.Wait()
		require.Empty(t, d.read())
		require.NoError(t, r.Close())
		require.NoError(t, theirs.Close())
	})
}

func TestTheGarbageCollectorDoesNotEndARegistration(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{})
	register(t, addr, "a", 4711)
	for range 5 {
		runtime.GC()
	}
	_, err := Lookup(t.Context(), addr, "a")
	require.NoError(t, err)
}

func TestTheContextOfRegisterIsForTheFirstRegistrationOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		s := serve(t, ServerOptions{}, p.listen())
		ctx, cancel := context.WithCancel(t.Context())
		d := &diary{start: time.Now()}
		r, err := Register(ctx, RegisterOptions{Addr: "h:1", Name: "a", Port: 1, OnChange: d.note,
			Client: Client{Dial: p.dial}})
		require.NoError(t, err)
		cancel()
		synctest.Wait()
		require.Empty(t, d.read())
		require.NoError(t, s.Close())
		serve(t, ServerOptions{}, p.listen())
		<-time.After(3 * time.Second)
		require.Equal(t, []string{"0s lost", "2s restored"}, d.read())
		require.NoError(t, r.Close())

		_, err = Register(ctx, RegisterOptions{Addr: "h:1", Name: "b", Port: 1, Client: Client{Dial: p.dial}})
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	_, err := Register(t.Context(), RegisterOptions{Name: "a"})
	require.ErrorContains(t, err, "Port")
	_, err = Register(t.Context(), RegisterOptions{Name: "a", Port: 1, Extra: make([]byte, maxExtra+1)})
	require.ErrorContains(t, err, "Extra")
	t.Setenv("ERL_EPMD_PORT", "nonsense")
	var ee *EnvError
	_, err = Register(t.Context(), RegisterOptions{Name: "a", Port: 1})
	require.ErrorAs(t, err, &ee)
}

func TestTheDefaultAddressIsLoopbackWithThePortOfTheEnvironment(t *testing.T) {
	t.Setenv("ERL_EPMD_PORT", "4400")
	var asked string
	dial := func(_ context.Context, _, addr string) (net.Conn, error) {
		asked = addr
		return nil, syscall.ECONNREFUSED
	}
	_, err := Register(t.Context(), RegisterOptions{Name: "a", Port: 1, Client: Client{Dial: dial}})
	require.ErrorIs(t, err, ErrUnavailable)
	require.Equal(t, "127.0.0.1:4400", asked)
}

func TestAnEventIsALineForALog(t *testing.T) {
	e := Event{Kind: EventFailed, Name: "a", Addr: "h:4369", Err: syscall.ECONNREFUSED}
	for _, part := range []string{"a", "h:4369", "failed", "refused"} {
		require.Contains(t, e.String(), part)
	}
	require.False(t, strings.HasSuffix(Event{Kind: EventRestored, Name: "a", Addr: "h:4369"}.String(), "nil"))
	require.Equal(t, "event 9", EventKind(9).String())
}

func TestAComebackThatCloseOvertookHangsUp(t *testing.T) {
	r := &Registration{closed: true}
	ours, theirs := net.Pipe()
	require.False(t, r.setConn(ours))
	_, err := theirs.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, theirs.Close())
}
