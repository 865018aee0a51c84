package node

import (
	"time"

	"github.com/gonode-otp/gonode/dist"
)

// The goroutine that reads a connection runs idle servers itself when it has delivered everything that has arrived.
// That spares waking another thread, which costs more than a short callback and its answer together (docs/adr/0005).
// Other messages of the peer must not be delayed by it:
//
//   - The reader runs servers for at most readerTime at a stretch. The servers that are left then get goroutines.
//   - A server that needs longer, or waits for something through its node, yields the reader.
//   - The connection notices a server that waits for anything else (dist.Options.HandOverAfter).
//   - A server that was slow lately, or says that it may block (genserv.Blocker), gets a goroutine at once.
const (
	// readerTime is how long a reader runs servers before it looks for further messages.
	readerTime = 100 * time.Microsecond
	// slowMessage is the average time of a message from which on its server counts as slow. A process of the BEAM may run
	// for about as long before it is scheduled out.
	slowMessage = time.Millisecond
	// slowBatches is the number of batches for which a slow server has a goroutine of its own. Each further slow batch
	// adds as many, up to maxSlowScore.
	slowBatches, maxSlowScore = 32, 1024
	// clockEvery is the number of messages between two readings of the clock, after the first few.
	clockEvery = 16
)

// epoch is the zero of clock. A time relative to it costs one reading of the monotonic clock.
var epoch = time.Now()

func clock() time.Duration { return time.Since(epoch) }

// canRunInline reports whether a reader may run the process, which is idle.
func (p *process) canRunInline() bool { return p.slowScore.Load() == 0 && !p.loop.MayBlock() }

// markSlow makes the process run in its own goroutine for a while.
func (p *process) markSlow() { p.slowScore.Store(min(p.slowScore.Load()+slowBatches, maxSlowScore)) }

// Drained returns the next process for the reader to run.
func (p *peer) Drained() dist.Work {
	if len(p.ready) == 0 {
		return nil
	}
	now := clock()
	if p.started == 0 {
		p.readyFrom = now
	}
	if now-p.readyFrom > readerTime {
		for _, proc := range p.ready[p.started:] {
			proc.wake(proc.loop.Next())
		}
		p.started = len(p.ready)
	}
	if p.started == len(p.ready) {
		clear(p.ready)
		p.ready, p.started = p.ready[:0], 0
		return nil
	}
	proc := p.ready[p.started]
	p.started++
	p.n.work.Add(1)
	p.n.inline.Add(1)
	return proc
}

// Run implements dist.Work: it runs the process in the goroutine of a reader.
func (p *process) Run(t dist.ReadToken) {
	defer p.n.work.Done()
	defer p.n.inline.Add(-1)
	p.mu.Lock()
	p.turn, p.inlineFrom = t, 0
	p.mu.Unlock()
	p.run(p.loop.Next())
}

// yieldReader lets another goroutine read on if a reader runs the process. It is called before the process waits.
func (p *process) yieldReader() {
	p.mu.Lock()
	t := p.turn
	p.mu.Unlock()
	if t.Held() {
		p.markSlow()
		t.HandOver()
	}
}

// yieldReaderOf is called before the caller waits. If the caller is not a process, it may still be a callback that
// uses a method of Node. Then every reader that runs a server yields.
func (n *Node) yieldReaderOf(from caller) {
	if from.process != nil {
		from.process.yieldReader()
		return
	}
	n.yieldReaders()
}

// yieldReaders lets other goroutines read on wherever a reader runs a server.
func (n *Node) yieldReaders() {
	if n.inline.Load() > 0 {
		for _, p := range n.peers.all() {
			p.conn.HandOver()
		}
	}
}

// batchMeter measures the time of a batch if a reader runs it, or if its server was slow lately.
type batchMeter struct {
	p     *process
	turn  dist.ReadToken
	on    bool
	began time.Duration
	n     int // messages
}

func (p *process) beginBatch() batchMeter {
	m := batchMeter{p: p, turn: p.turn}
	held := m.turn.Held()
	if !held && p.slowScore.Load() == 0 {
		return m
	}
	m.on, m.began = true, clock()
	switch {
	case !held:
	case p.inlineFrom == 0:
		p.inlineFrom = m.began
	case m.began-p.inlineFrom > readerTime:
		m.turn.HandOver() // the process should have been idle by now
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
	switch score := p.slowScore.Load(); {
	case took > slowMessage*time.Duration(max(m.n, 1)):
		p.markSlow()
	case score > 0:
		p.slowScore.Store(score - 1)
	}
}
