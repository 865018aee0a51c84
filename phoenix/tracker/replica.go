package tracker

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

// world is what a shard needs of the world: its process, or a test.
type world interface {
	now() time.Time
	broadcast(m message)
	direct(node etf.Atom, m message)
	diff(joins, leaves []*crdt.Element)
	ignored(msg etf.Term, why error)
	makeRef() etf.Term
	connected(node etf.Atom) bool
}

// replica is the shard of the same name on another node. Phoenix.Tracker.Replica.
type replica struct {
	ref  crdt.Ref
	seen time.Time
	down bool
}

// shard is what a shard knows. Its methods do what the functions of Phoenix.Tracker.Shard do.
type shard struct {
	presences *crdt.State
	replicas  map[etf.Atom]*replica // by node
	seen      crdt.Seen
	silent    int // periods without a broadcast
	sample    int // periods until the clocks are compared
}

func newShard(me crdt.Ref, o *Options) *shard {
	return &shard{
		presences: crdt.New(me, o.MaxDeltaSizes), replicas: map[etf.Atom]*replica{},
		silent: o.MaxSilentPeriods, // the first tick tells that it is there
		sample: o.ClockSamplePeriods,
	}
}

// clone returns a copy that shares nothing that changes.
func (s *shard) clone() *shard {
	copied := *s
	copied.presences, copied.seen = s.presences.Clone(), s.seen.Clone()
	copied.replicas = make(map[etf.Atom]*replica, len(s.replicas))
	for name, r := range s.replicas {
		other := *r
		copied.replicas[name] = &other
	}
	return &copied
}

func (s *shard) me() crdt.Ref { return s.presences.Me() }

// tick is what is done every BroadcastPeriod.
func (s *shard) tick(w world, o *Options) {
	s.tell(w, o)
	if s.sample--; s.sample <= 0 {
		s.sample = o.ClockSamplePeriods
		for _, ref := range s.seen.Ahead(s.presences.Clocks()) {
			w.direct(ref.Name, message{verb: transferReq, from: s.me(), ref: w.makeRef(), clocks: s.presences.Clocks()})
		}
	}
	s.detectDowns(w, o)
}

// tell broadcasts what is new, or a sign of life after a silence.
func (s *shard) tell(w world, o *Options) {
	m := message{verb: heartbeat, from: s.me()}
	switch {
	case s.presences.HasDelta():
		m.update = s.presences.TakeDelta()
	case s.silent < o.MaxSilentPeriods:
		s.silent++
		return
	}
	s.silent = 0
	m.clocks = s.presences.Clocks()
	w.broadcast(m)
}

// detectDowns finds replicas that have been silent for too long.
func (s *shard) detectDowns(w world, o *Options) {
	now := w.now()
	for _, r := range s.replicas {
		switch age := now.Sub(r.seen); {
		case age > o.PermdownPeriod:
			s.permdown(w, r)
		case age > o.DownPeriod:
			s.down(w, r)
		}
	}
}

func (s *shard) down(w world, r *replica) {
	if !r.down {
		r.down = true
		w.diff(nil, s.presences.Down(r.ref))
	}
}

// permdown forgets a replica.
func (s *shard) permdown(w world, r *replica) {
	s.down(w, r)
	s.presences.Remove(r.ref)
	delete(s.replicas, r.ref.Name)
}

// heartbeat is a sign of life. A new life of a replica ends the one before.
func (s *shard) heartbeat(w world, ref crdt.Ref) {
	r := s.replicas[ref.Name]
	if r != nil && r.ref != ref {
		s.permdown(w, r)
		r = nil
	}
	if r == nil {
		r = &replica{ref: ref, down: true}
		s.replicas[ref.Name] = r
	}
	r.seen = w.now()
	if r.down {
		r.down = false
		w.diff(s.presences.Up(ref), nil)
	}
}

// stranger reports whether a sender was not heard of before, and no node of its name is connected: whoever makes up
// names could otherwise have a shard remember all of them.
//
// Differs from Phoenix, which takes a heartbeat for the sign of life of any node that it names.
func (s *shard) stranger(w world, ref crdt.Ref) bool {
	return s.replicas[ref.Name] == nil && !w.connected(ref.Name)
}

// handle does what a message of another shard asks for.
func (s *shard) handle(w world, msg etf.Term) {
	m, err := parseMessage(msg)
	if err != nil {
		w.ignored(msg, err)
		return
	}
	if m.from.Name == s.me().Name {
		if m.from != s.me() {
			w.ignored(msg, errOwnName)
		}
		return
	}
	switch m.verb {
	case heartbeat:
		if s.stranger(w, m.from) {
			w.ignored(msg, errStranger)
			return
		}
		s.heartbeat(w, m.from)
		if m.update != nil {
			w.diff(s.presences.Merge(m.update))
		}
		s.seen.Add(m.from, m.clocks)
	case transferReq:
		if s.stranger(w, m.from) {
			w.ignored(msg, errStranger)
			return
		}
		answer := s.presences.Answer(m.from, m.clocks)
		w.direct(m.from.Name, message{verb: transferAck, from: s.me(), ref: m.ref, update: answer})
	case transferAck:
		w.diff(s.presences.Merge(m.update))
	case gracefulPermdown:
		if r := s.replicas[m.from.Name]; r != nil && r.ref == m.from {
			s.permdown(w, r)
		}
	}
}
