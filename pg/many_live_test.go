package pg_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/pg"
)

// subject is a node whose scope is measured beside another BEAM.
type subject interface {
	connect()
	disconnect()
	start(n int)      // processes
	join(groups int)  // each of them joins one group, one after the other
	leave(groups int) // the first half leaves its group, one after the other
	stop()            // all processes end
	wait(n int)       // until the groups have so many members
	memory() int64    // in use, after a collection
}

// erlSubject is a BEAM.
type erlSubject struct {
	erl
	t     testing.TB
	other erl
}

func (s erlSubject) do(call string) string { return s.Eval(s.t, "pg_load:"+call) }

func (s erlSubject) connect() {
	require.Equal(s.t, "true", s.Eval(s.t, "net_kernel:connect_node("+s.other.Atom()+")"))
}

func (s erlSubject) disconnect()      { s.Eval(s.t, "erlang:disconnect_node("+s.other.Atom()+")") }
func (s erlSubject) start(n int)      { s.do(fmt.Sprintf("start(%d)", n)) }
func (s erlSubject) join(groups int)  { s.do(fmt.Sprintf("join(%d)", groups)) }
func (s erlSubject) leave(groups int) { s.do(fmt.Sprintf("leave(%d)", groups)) }
func (s erlSubject) stop()            { s.do("stop()") }
func (s erlSubject) wait(n int)       { s.do(fmt.Sprintf("wait(%d)", n)) }

func (s erlSubject) memory() int64 {
	n, err := strconv.ParseInt(s.do("memory()"), 10, 64)
	require.NoError(s.t, err)
	return n
}

// member is a process that ends with the first message.
type member struct{}

func (member) Init(*genserv.Process, etf.Term) genserv.InitResult[member] {
	return genserv.Ok(member{})
}

func (member) HandleCall(*genserv.Process, etf.Term, genserv.From, member) genserv.Result[member] {
	return genserv.Stop(genserv.Normal, member{})
}

func (member) HandleInfo(*genserv.Process, etf.Term, member) genserv.Result[member] {
	return genserv.Stop(genserv.Normal, member{})
}

// goSubject is a Go node.
type goSubject struct {
	t     testing.TB
	n     *node.Node
	scope *pg.Scope
	other erl
	pids  []etf.Pid
}

func (s *goSubject) connect() {
	require.NoError(s.t, s.n.Connect(s.t.Context(), etf.Atom(s.other.Name())))
}
func (s *goSubject) disconnect() { s.n.Disconnect(etf.Atom(s.other.Name())) }

func (s *goSubject) start(n int) {
	s.pids = s.pids[:0]
	for range n {
		pid, err := s.n.Spawn(s.t.Context(), genserv.Child{Module: genserv.Of(member{})})
		require.NoError(s.t, err)
		s.pids = append(s.pids, pid)
	}
}

func room(i, groups int) etf.Term { return etf.Tagged("room", etf.Int(i%groups)) }

func (s *goSubject) join(groups int) {
	for i, pid := range s.pids {
		require.NoError(s.t, s.scope.Join(s.t.Context(), room(i, groups), pid))
	}
}

func (s *goSubject) leave(groups int) {
	for i, pid := range s.pids[:len(s.pids)/2] {
		require.NoError(s.t, s.scope.Leave(s.t.Context(), room(i, groups), pid))
	}
}

func (s *goSubject) stop() {
	for _, pid := range s.pids {
		require.NoError(s.t, s.n.Send(s.t.Context(), pid, etf.Atom("stop")))
	}
}

func (s *goSubject) wait(n int) {
	deadline := time.Now().Add(2 * time.Minute)
	for s.count() != n {
		require.True(s.t, time.Now().Before(deadline), "%d of %d members", s.count(), n)
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *goSubject) count() (n int) {
	for _, group := range s.scope.WhichGroups() {
		n += len(s.scope.Members(group))
	}
	return n
}

func (s *goSubject) memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// loaded is a BEAM with a scope and pg_load.
func loaded(t testing.TB) erl {
	b := startBeam(t)
	source, err := os.ReadFile("testdata/pg_load.erl")
	require.NoError(t, err)
	b.Compile(t, "pg_load", string(source))
	return b
}

func newGoSubject(t testing.TB, other erl) *goSubject {
	n, scope := goNode(t, "many", other, false)
	return &goSubject{t: t, n: n, scope: scope, other: other}
}

// walk has n members on each of the two nodes come and go, and reports how long each took.
func walk(t testing.TB, s subject, other erl, n, groups int, took func(what string, count int, d time.Duration),
	full func()) (bytes int64) {
	t.Helper()
	measure := func(what string, count int, do ...func()) {
		begin := time.Now()
		for _, f := range do {
			f()
		}
		took(what, count, time.Since(begin))
	}
	do := func(format string, args ...any) func() {
		return func() { other.Eval(t, "pg_load:"+fmt.Sprintf(format, args...)) }
	}
	s.connect()
	s.start(n)
	do("start(%d)", n)()
	measure("join", n, func() { s.join(groups) }, do("wait(%d)", n))
	empty := s.memory()
	measure("seen-join", n, do("join(%d)", groups), func() { s.wait(2 * n) })
	bytes = s.memory() - empty
	full()
	s.disconnect()
	s.wait(n)
	do("wait(%d)", n)()
	measure("sync", 2*n, s.connect, func() { s.wait(2 * n) }, do("wait(%d)", 2*n))
	full()
	measure("leave", n/2, func() { s.leave(groups) }, do("wait(%d)", 2*n-n/2))
	measure("seen-leave", n/2, do("leave(%d)", groups), func() { s.wait(n + n%2) })
	full()
	measure("end", n-n/2, s.stop, do("wait(%d)", n-n/2))
	measure("seen-end", n-n/2, do("stop()"), func() { s.wait(0) })
	return bytes
}

func TestManyMembersAreTheSameOnBothSides(t *testing.T) {
	b := loaded(t)
	scope := b.Eval(t, "whereis(pg)")
	s := newGoSubject(t, b)
	n := soak.Size(4_000, 100_000)
	walk(t, s, b, n, n/100, func(string, int, time.Duration) {}, func() {
		for i := range n / 100 {
			hex := b.Eval(t, fmt.Sprintf(`lists:append([io_lib:format("~2.16.0B", [B]) ||
				<<B>> <= term_to_binary(pg:get_members({room, %d}))])`, i))
			theirs := parsePids(t, hex)
			ours := s.scope.Members(room(i, n/100))
			slices.SortFunc(theirs, comparePids)
			slices.SortFunc(ours, comparePids)
			require.Equal(t, theirs, ours)
		}
	})
	require.Empty(t, s.scope.WhichGroups())
	require.Equal(t, scope, b.Eval(t, "whereis(pg)"), "the scope of the BEAM is the one that was started")
}

// Members on each of two nodes, of which one is a BEAM and the other one the subject: joins and leaves a second, from
// the first request until both sides know them all, and the bytes that a member of another node takes. The figures are
// in docs/guide/process-groups.md.
func BenchmarkManyMembers(b *testing.B) {
	for _, size := range []struct{ n, groups int }{{100_000, 1000}, {10_000, 1}} {
		for _, kind := range []string{"go", "beam"} {
			b.Run(fmt.Sprintf("%d/%d/%s", size.n, size.groups, kind), func(b *testing.B) {
				other := loaded(b)
				var s subject
				if kind == "go" {
					s = newGoSubject(b, other)
				} else {
					s = erlSubject{loaded(b), b, other}
				}
				for range b.N {
					bytes := walk(b, s, other, size.n, size.groups, func(what string, count int, d time.Duration) {
						b.ReportMetric(float64(count)/d.Seconds(), what+"/s")
					}, func() {})
					b.ReportMetric(float64(bytes)/float64(size.n), "B/member")
					s.disconnect()
				}
			})
		}
	}
}
