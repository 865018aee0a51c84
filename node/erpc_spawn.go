package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

const (
	// maxRunning is the number of functions that run at a time for other nodes. The others wait.
	maxRunning = 4096
	// maxWaiting is the number of functions that may wait, and of processes that run a function of their own. One more is
	// refused with system_limit, as a BEAM does when it has 2^18 processes.
	maxWaiting = 1 << 18
)

// spawned is a process that another node has requested by SPAWN_REQUEST. It has a pid and runs one function, whose
// result is its exit reason. Only the requester knows the pid, so the process needs nothing but the link and the
// monitor of the request.
//
// Differs from OTP: the process has no mailbox; it gets exit signals and no messages. The context of the function ends
// when the caller has removed its monitor, has ended, or is away. A BEAM lets the process go on.
type spawned struct {
	peer      *peer
	pid, from etf.Pid
	ref       etf.Ref

	run       func(ctx context.Context) etf.Term
	badResult func(error) etf.Term // makes the exit reason for a result that is not a term; nil means the usual one

	ctx    context.Context
	cancel context.CancelFunc

	link, monitor, ended bool // guarded by peer.mu
}

// spawn runs a function as the requested process. The reader calls it.
func (p *peer) spawn(m *dist.SpawnRequest, run func(context.Context) etf.Term, badResult func(error) etf.Term) {
	n := p.n
	number, ok := n.registry.reserveNumber()
	if !ok || !n.spawns.admits() {
		n.registry.releaseNumber(number)
		p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "system_limit"}, nil)
		return
	}
	s := &spawned{peer: p, pid: n.pid(number), from: m.From, ref: m.Ref, run: run, badResult: badResult,
		link: hasOption(m.Opts, "link"), monitor: hasOption(m.Opts, "monitor")}
	s.ctx, s.cancel = context.WithCancel(n.ctx)
	if s.link || s.monitor {
		p.mu.Lock()
		if p.spawned == nil {
			p.spawned = map[refKey]*spawned{}
		}
		p.spawned[keyOf(s.ref)] = s
		p.mu.Unlock()
	}
	n.spawns.add(s)
	p.send(&dist.SpawnReply{Ref: s.ref, To: s.from, Link: s.link, Monitor: s.monitor, Pid: s.pid}, nil)
	n.spawns.start(n, s.work)
}

// work runs the function, unless the result is no longer wanted.
func (s *spawned) work() {
	reason := etf.Term(killed)
	if s.ctx.Err() == nil {
		reason = s.run((*callerContext)(s))
	}
	s.end(reason)
}

// callerContext is the context of a function that another process has requested. It knows the pid of that process.
type callerContext spawned

// callerKey is the key of the pid of the process that called the function.
type callerKey struct{}

// Deadline implements context.Context.
func (c *callerContext) Deadline() (time.Time, bool) { return c.ctx.Deadline() }

// Done implements context.Context.
func (c *callerContext) Done() <-chan struct{} { return c.ctx.Done() }

// Err implements context.Context.
func (c *callerContext) Err() error { return c.ctx.Err() }

// Value implements context.Context.
func (c *callerContext) Value(key any) any {
	if _, ok := key.(callerKey); ok {
		return c.from
	}
	return c.ctx.Value(key)
}

// end ends the process and tells the requester by the link and the monitor that are left. Only the first reason
// counts.
func (s *spawned) end(reason etf.Term) {
	p := s.peer
	p.mu.Lock()
	link, monitor, ended := s.link, s.monitor, s.ended
	s.ended = true
	if p.spawned[keyOf(s.ref)] == s {
		delete(p.spawned, keyOf(s.ref))
	}
	p.mu.Unlock()
	if ended {
		return
	}
	defer s.cancel()           // after the answer, which init:stop/0 waits for
	defer p.n.spawns.remove(s) // after its last signals, so that no other process sends under its pid before
	if link {
		s.sendReason(&dist.Exit{From: s.pid, To: s.from}, reason)
	}
	if monitor && !p.lacks(dist.FlagsMonitor) {
		s.sendReason(&dist.MonitorPExit{From: dist.ByPid(s.pid), To: s.from, Ref: s.ref, Sender: s.pid}, reason)
	}
}

// sendReason sends the exit reason, or another one if it cannot be encoded. The failure of sending shows that: a check
// before would encode a large reason twice.
func (s *spawned) sendReason(m dist.Message, reason etf.Term) {
	var bad *etf.EncodeError
	if err := s.peer.conn.Post(m, reason); !errors.As(err, &bad) {
		return // if the connection is gone, the requester learns it from its own node
	}
	if s.badResult != nil {
		s.peer.send(m, s.badResult(bad))
		return
	}
	s.peer.send(m, driver.SendableReason(reason))
}

// removeTies removes the link or the monitor, or both. It reports whether neither is left.
func (s *spawned) removeTies(link, monitor bool) bool {
	s.peer.mu.Lock()
	defer s.peer.mu.Unlock()
	s.link = s.link && !link
	s.monitor = s.monitor && !monitor
	return !s.link && !s.monitor
}

// demonitorSpawned serves DEMONITOR_P for the monitor of a request: the caller has given up the call, or has ended.
func (p *peer) demonitorSpawned(ref etf.Ref) {
	p.mu.Lock()
	s := p.spawned[keyOf(ref)]
	p.mu.Unlock()
	if s != nil && s.removeTies(false, true) {
		s.end(killed)
	}
}

// endSpawned ends the processes that the peer has requested. Its connection is gone.
func (p *peer) endSpawned() {
	p.mu.Lock()
	all := make([]*spawned, 0, len(p.spawned))
	for _, s := range p.spawned {
		all = append(all, s)
	}
	p.mu.Unlock()
	for _, s := range all {
		s.removeTies(true, true)
		s.end(noconnection)
	}
}

// spawnTable holds the processes that other nodes have requested, and decides which of them may run.
type spawnTable struct {
	mu      sync.Mutex
	byPid   map[pidNumber]*spawned // those that have not ended
	running int
	inOwn   int    // processes that run a function of their own, see erpc_process.go
	ran     uint64 // number of functions that have been started
	waiting []func()
}

// admits reports whether there is room for another one.
func (t *spawnTable) admits() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting) < maxWaiting
}

func (t *spawnTable) add(s *spawned) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byPid == nil {
		t.byPid = map[pidNumber]*spawned{}
	}
	t.byPid[numberOf(s.pid)] = s
}

func (t *spawnTable) remove(s *spawned) {
	number := numberOf(s.pid)
	t.mu.Lock()
	delete(t.byPid, number)
	t.mu.Unlock()
	s.peer.n.registry.releaseNumber(number)
}

func (t *spawnTable) get(pid etf.Pid) *spawned {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.byPid[numberOf(pid)]; s != nil && s.pid == pid {
		return s
	}
	return nil
}

// exit delivers an exit signal of exit/2.
func (t *spawnTable) exit(to etf.Pid, reason etf.Term) {
	s := t.get(to)
	switch {
	case s == nil || etf.Equal(reason, normal):
	case etf.Equal(reason, kill):
		s.end(killed)
	default:
		s.end(reason)
	}
}

// breakLink delivers the exit signal of the asker, which is linked to the process.
func (t *spawnTable) breakLink(from, to etf.Pid, reason etf.Term) {
	s := t.get(to)
	if s == nil || s.from != from {
		return
	}
	s.removeTies(true, false)
	if !etf.Equal(reason, normal) {
		s.end(reason)
	}
}

// removeLink removes the link.
func (t *spawnTable) removeLink(from, to etf.Pid) {
	if s := t.get(to); s != nil && s.from == from {
		s.removeTies(true, false)
	}
}

// start runs work in a goroutine of the node, at once or after others have ended.
func (t *spawnTable) start(n *Node, work func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ran++
	if t.running == maxRunning {
		t.waiting = append(t.waiting, work)
		return
	}
	if n.goWork(func() { t.runFrom(work) }) {
		t.running++
	}
}

// enter counts a process that runs a function of its own; false means that there are too many.
func (t *spawnTable) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inOwn >= maxWaiting {
		return false
	}
	t.inOwn++
	return true
}

// leave counts the return of such a function. A process that is killed ends before its function returns.
func (t *spawnTable) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inOwn--
}

// count returns how many functions other nodes have had run, by rpc and erpc.
func (t *spawnTable) count() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ran
}

// runFrom runs work, and then the functions that wait.
func (t *spawnTable) runFrom(work func()) {
	for work != nil {
		work()
		work = t.next()
	}
}

// next takes the first function that waits. If there is none, it returns nil, and another goroutine may be started.
func (t *spawnTable) next() (work func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.running--
		t.waiting = nil
		return nil
	}
	work = t.waiting[0]
	t.waiting[0] = nil
	t.waiting = t.waiting[1:]
	return work
}
