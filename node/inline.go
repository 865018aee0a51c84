package node

import (
	"time"

	"github.com/gonode-otp/gonode/dist"
)

// The goroutine that reads a connection runs idle servers itself when it has delivered all that has arrived. That
// spares waking another thread, which costs more than a short callback and its answer together (docs/adr/0005). Other
// messages of the peer must not suffer from it:
//
//   - what comes in one go is run for readerTime at most; servers whose turn has not come by then get goroutines;
//   - a server that turns out to need longer, or waits for something by means of its node, has another goroutine read on;
//   - one that waits for something else is noticed by the connection (dist.Options.Patience);
//   - one that has done so lately, or says that it may (genserv.Blocker), gets a goroutine of its own at once.
const (
	// readerTime is what running servers may take of a reader's time before it looks for further messages.
	readerTime = 100 * time.Microsecond
	// heavyMessage is what one message may take of it on the average before its server counts as heavy: about what a
	// process of the BEAM may run before it is the turn of others.
	heavyMessage = time.Millisecond
	// heavyRuns is for how many batches a heavy server has a goroutine of its own; those of repeated cases add up.
	heavyRuns, maxBurden = 32, 1024
	// clockEvery is the number of messages between two looks at the clock, except for the first few.
	clockEvery = 16
)

// epoch makes times that cost one reading of the clock.
var epoch = time.Now()

func clock() time.Duration { return time.Since(epoch) }

// quick reports whether a reader may run the process, which is idle.
func (p *process) quick() bool { return p.burden.Load() == 0 && !p.loop.MayBlock() }

// heavy notes that the process is not for readers.
func (p *process) heavy() { p.burden.Store(min(p.burden.Load()+heavyRuns, maxBurden)) }

// Drained returns the next process that the reader shall run.
func (p *peer) Drained() dist.Work {
	if len(p.ready) == 0 {
		return nil
	}
	now := clock()
	if p.turns == 0 {
		p.began = now
	}
	if now-p.began > readerTime {
		for _, proc := range p.ready[p.turns:] {
			proc.wake(proc.loop.Next())
		}
		p.turns = len(p.ready)
	}
	if p.turns == len(p.ready) {
		clear(p.ready)
		p.ready, p.turns = p.ready[:0], 0
		return nil
	}
	proc := p.ready[p.turns]
	p.turns++
	p.n.work.Add(1)
	p.n.inline.Add(1)
	return proc
}

// Run implements dist.Work: it runs the process in the goroutine of a reader.
func (p *process) Run(t dist.Turn) {
	defer p.n.work.Done()
	defer p.n.inline.Add(-1)
	p.mu.Lock()
	p.turn, p.inlineFrom = t, 0
	p.mu.Unlock()
	p.run(p.loop.Next())
}

// letGo is called by, or on behalf of, a process that is about to wait: no reader shall wait with it.
func (p *process) letGo() {
	p.mu.Lock()
	t := p.turn
	p.mu.Unlock()
	if t.Held() {
		p.heavy()
		t.HandOver()
	}
}

// letGo is called before whoever sends something waits. Node's own methods do not know whether a callback calls them.
func (n *Node) letGo(from caller) {
	if from.process != nil {
		from.process.letGo()
		return
	}
	n.othersLetGo()
}

// othersLetGo has other goroutines read wherever the one that reads runs a server.
func (n *Node) othersLetGo() {
	if n.inline.Load() > 0 {
		for _, p := range n.peers.all() {
			p.conn.HandOver()
		}
	}
}

// batchMeter watches the time that a batch takes, while a reader runs it or as long as its server is known to be heavy.
type batchMeter struct {
	p     *process
	turn  dist.Turn
	on    bool
	began time.Duration
	n     int // messages
}

func (p *process) beginBatch() batchMeter {
	m := batchMeter{p: p, turn: p.turn}
	held := m.turn.Held()
	if !held && p.burden.Load() == 0 {
		return m
	}
	m.on, m.began = true, clock()
	switch {
	case !held:
	case p.inlineFrom == 0:
		p.inlineFrom = m.began
	case m.began-p.inlineFrom > readerTime:
		m.turn.HandOver() // it was to be idle by now
	}
	if len(p.batch) > 1 {
		m.turn.Cork()
	}
	return m
}

// message is called after each message.
func (m *batchMeter) message() {
	m.n++
	if m.on && (m.n%clockEvery == 0 || m.n&(m.n-1) == 0) && m.n < len(m.p.batch) && clock()-m.began > readerTime {
		m.turn.HandOver()
	}
}

func (m *batchMeter) end() {
	if !m.on {
		return
	}
	m.turn.Uncork()
	took, p := clock()-m.began, m.p
	switch burden := p.burden.Load(); {
	case took > heavyMessage*time.Duration(max(m.n, 1)):
		p.heavy()
	case burden > 0:
		p.burden.Store(burden - 1)
	}
}
