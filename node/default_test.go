package node

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// lonelyNode starts a node with the defaults of Config, to which no other node can connect.
func lonelyNode(t *testing.T, cfg Config) *Node {
	t.Helper()
	cfg.Name, cfg.Cookie, cfg.NoListen = "alone@localhost", "secret", true
	n, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// silent never answers.
type silent struct{}

func (silent) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }
func (silent) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s int) genserv.Result[int] {
	return genserv.NoReply(s)
}

// A call with a context that has no deadline waits for the five seconds of gen_server:call/2.
func TestACallWithoutADeadlineEndsAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lonelyNode(t, Config{Logger: slog.New(slog.DiscardHandler)})
		pid, err := n.Spawn(context.Background(), genserv.Child{Name: "silent", Module: genserv.Of(silent{})})
		require.NoError(t, err)
		caller, err := n.Spawn(context.Background(), genserv.Child{Module: genserv.Of(doer{
			do: func(p *genserv.Process, _ etf.Term) etf.Term {
				began := time.Now()
				_, err := p.Call(context.Background(), pid, etf.Atom("hello"))
				require.ErrorIs(t, err, genserv.ErrTimeout)
				return etf.Int(time.Since(began) / time.Second)
			}})})
		require.NoError(t, err)

		began := time.Now()
		_, err = n.Call(context.Background(), pid, etf.Atom("hello"))
		require.ErrorIs(t, err, genserv.ErrTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(began))

		_, bad := n.MultiCall(context.Background(), []etf.Atom{n.Name()}, "silent", etf.Atom("hello"))
		require.Equal(t, []etf.Atom{n.Name()}, bad)
		require.Equal(t, 10*time.Second, time.Since(began))

		longer, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		took, err := n.Call(longer, caller, etf.Atom("call"))
		require.NoError(t, err)
		require.Equal(t, etf.Int(5), took)

		_, err = n.Call(longer, pid, etf.Atom("hello"))
		require.ErrorIs(t, err, genserv.ErrTimeout)
		require.Equal(t, 5*time.Second+time.Hour-5*time.Second, time.Since(began)-10*time.Second, "its own deadline counts")
		require.NoError(t, n.Close())
	})
}

func TestACallWaitsForEverIfTold(t *testing.T) {
	limited := func(n *Node, ctx context.Context) bool {
		ctx, release := n.withCallTimeout(ctx)
		defer release()
		_, ok := ctx.Deadline()
		return ok
	}
	n := lonelyNode(t, Config{Logger: slog.New(slog.DiscardHandler)})
	require.True(t, limited(n, context.Background()))
	require.False(t, limited(n, genserv.WithInfinity(context.Background())))
	n.cfg.CallTimeout = -1
	require.False(t, limited(n, context.Background()))
}

// logBuffer is written to by several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// defaultLog redirects slog.Default, which takes every level, and returns what is written to it.
func defaultLog(t *testing.T) *logBuffer {
	t.Helper()
	out, usual := &logBuffer{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(usual) })
	return out
}

// spawnClumsy starts a server that logs at every level on request, and panics on any other message.
func spawnClumsy(t *testing.T, n *Node) {
	t.Helper()
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "clumsy", Module: genserv.Of(doer{
		do: func(p *genserv.Process, request etf.Term) etf.Term {
			if !etf.IsAtom(request, "log") {
				panic(etf.Atom("oops"))
			}
			for level := slog.LevelDebug; level <= slog.LevelError; level += 4 {
				p.Logger().Log(t.Context(), level, "said")
			}
			return nil
		}})})
	require.NoError(t, err)
}

// The crash of a server is reported with its name, the reason, the message and the state.
func TestACrashIsReportedByDefault(t *testing.T) {
	out := defaultLog(t)
	n := lonelyNode(t, Config{})
	spawnClumsy(t, n)
	_, err := n.Call(t.Context(), etf.Atom("clumsy"), etf.Atom("fall"))
	require.Contains(t, etf.Format(genserv.ExitReason(err)), "oops")
	require.Regexp(t, "level=ERROR .*node=alone@localhost .*name=clumsy last_message=fall .*oops", out.String())
}

// Without a logger the start of a node, its connections and what processes log below a warning print nothing.
func TestOnlyWarningsAndErrorsGoToTheDefaultLogger(t *testing.T) {
	out := defaultLog(t)
	port := startEPMD(t)
	cfg := Config{Name: "peer@localhost", Cookie: "secret", EPMDPort: port}
	peer, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, peer.Close()) })
	n := lonelyNode(t, Config{EPMDPort: port})
	require.NoError(t, n.Connect(t.Context(), peer.Name()))
	require.Empty(t, out.String())

	spawnClumsy(t, n)
	_, err = n.Call(t.Context(), etf.Atom("clumsy"), etf.Atom("log"))
	require.NoError(t, err)
	levels := regexp.MustCompile(`level=\w+`).FindAllString(out.String(), -1)
	require.Equal(t, []string{"level=WARN", "level=ERROR"}, levels)
}

func TestALoggerThatIsGivenGetsEveryRecord(t *testing.T) {
	usual, out := defaultLog(t), &logBuffer{}
	n := lonelyNode(t, Config{
		Logger: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})).With("of", "mine"),
	})
	spawnClumsy(t, n)
	_, err := n.Call(t.Context(), etf.Atom("clumsy"), etf.Atom("log"))
	require.NoError(t, err)
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		require.Regexp(t, "level="+level+" msg=said of=mine", out.String())
	}
	require.Regexp(t, "level=INFO msg=.node started. of=mine", out.String())
	require.Empty(t, usual.String())
}

// Close does not wait for servers to end in order, and waits for callbacks no longer than killedTime. It can be
// deferred after Stop.
func TestCloseEndsANodeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lonelyNode(t, Config{Logger: slog.New(slog.DiscardHandler)})
		pid, err := n.Spawn(context.Background(), genserv.Child{Module: genserv.Of(doer{
			do: func(*genserv.Process, etf.Term) etf.Term {
				time.Sleep(time.Hour)
				return nil
			}})})
		require.NoError(t, err)
		request, err := n.SendRequest(context.Background(), pid, etf.Atom("sleep"))
		require.NoError(t, err)
		synctest.Wait()
		began := time.Now()
		require.ErrorIs(t, n.Close(), errCallbacksRun)
		require.Equal(t, killedTime, time.Since(began))
		<-n.Done()
		_, err = request.Wait(t.Context())
		require.Equal(t, etf.Atom("shutdown"), genserv.ExitReason(err))
		_, err = n.Spawn(context.Background(), genserv.Child{Module: genserv.Of(silent{})})
		require.ErrorIs(t, err, ErrStopped)
		require.NoError(t, n.Stop(context.Background()), "its callback has returned")
		require.NoError(t, n.Close())
	})
}
