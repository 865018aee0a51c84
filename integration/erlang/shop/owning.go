package shop

import (
	"net"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// pulse is a goroutine that sends the atom beat to a process.
type pulse struct {
	stop, stopped chan struct{}
}

func (shop *Shop) startPulse(p *genserv.Process, every time.Duration) *pulse {
	t := &pulse{make(chan struct{}), make(chan struct{})}
	shop.Pulses.Add(1)
	go func() {
		defer close(t.stopped)
		defer shop.Pulses.Add(-1)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.Send(p.Self(), etf.Atom("beat"))
			case <-t.stop:
				return
			}
		}
	}()
	return t
}

func (t *pulse) release() {
	close(t.stop)
	<-t.stopped
}

// clock1 and clock2 are accounts with a pulse. Version 2 beats faster and counts the beats.
type (
	clock1 struct {
		plain
		pulse *pulse
	}
	clock2 struct {
		plain
		pulse *pulse
		Beats int64
	}
	ticking1 struct{ base }
	ticking2 struct{ base }
)

func (s clock1) enter(who, seq, amount int64) (_ clock1, ok bool) {
	s.plain, ok = s.plain.enter(who, seq, amount)
	return s, ok
}

func (s clock2) enter(who, seq, amount int64) (_ clock2, ok bool) {
	s.plain, ok = s.plain.enter(who, seq, amount)
	return s, ok
}

func (s clock1) release() { s.pulse.release() }
func (s clock2) release() { s.pulse.release() }

// StateTerm returns what sys:get_state shows.
func (s plain) StateTerm() etf.Term { return etf.Tuple{etf.Int(s.Sum), etf.Int(s.Entries)} }

func (b ticking1) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[clock1] {
	p.TrapExit(true)
	return genserv.Ok(clock1{pulse: b.shop.startPulse(p, 20*time.Millisecond)})
}

func (b ticking2) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[clock2] {
	p.TrapExit(true)
	return genserv.Ok(clock2{pulse: b.shop.startPulse(p, 5*time.Millisecond)})
}

func (b ticking1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s clock1) genserv.Result[clock1] {
	return answer(b.base, 1, request, s)
}

func (b ticking2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s clock2) genserv.Result[clock2] {
	return answer(b.base, 2, request, s)
}

func (ticking1) HandleInfo(_ *genserv.Process, _ etf.Term, s clock1) genserv.Result[clock1] {
	return genserv.NoReply(s)
}

func (ticking2) HandleInfo(_ *genserv.Process, _ etf.Term, s clock2) genserv.Result[clock2] {
	s.Beats++
	return genserv.NoReply(s)
}

func (ticking1) Terminate(_ *genserv.Process, _ etf.Term, s clock1) { s.release() }
func (ticking2) Terminate(_ *genserv.Process, _ etf.Term, s clock2) { s.release() }

func (ticking1) CopyState(s clock1) clock1 { return s }
func (ticking2) CopyState(s clock2) clock2 { return s }

func (b ticking2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (clock2, error) {
	if err := b.shop.trip(p, b.name); err != nil {
		return clock2{}, err
	}
	return clock2{plain: old.(clock1).plain, pulse: b.shop.startPulse(p, 5*time.Millisecond)}, nil
}

func (b ticking2) Downgrade(p *genserv.Process, _ etf.Term, s clock2, _ etf.Term) (any, error) {
	if err := b.shop.trip(p, b.name); err != nil {
		return nil, err
	}
	return clock1{s.plain, b.shop.startPulse(p, 20*time.Millisecond)}, nil
}

// EndCodeChange stops the pulse of the discarded state.
func (ticking2) EndCodeChange(_ *genserv.Process, kept bool, oldState, newState any) {
	if kept {
		newState = oldState
	}
	newState.(interface{ release() }).release()
}

// door is a listener with a goroutine that accepts connections.
type door struct {
	net.Listener
	closed chan struct{}
}

func (shop *Shop) openDoor() (*door, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{l, make(chan struct{})}
	shop.Listeners.Add(1)
	go func() {
		defer close(d.closed)
		defer shop.Listeners.Add(-1)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return d, nil
}

func (d *door) release() {
	_ = d.Close()
	<-d.closed
}

// house1 and house2 are accounts with doors. Version 2 keeps the door of version 1 and has a second one.
type (
	house1 struct {
		plain
		front *door
	}
	house2 struct {
		plain
		front, back *door
	}
	listener1 struct{ base }
	listener2 struct{ base }
)

func (s house1) enter(who, seq, amount int64) (_ house1, ok bool) {
	s.plain, ok = s.plain.enter(who, seq, amount)
	return s, ok
}

func (s house2) enter(who, seq, amount int64) (_ house2, ok bool) {
	s.plain, ok = s.plain.enter(who, seq, amount)
	return s, ok
}

func (b listener1) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[house1] {
	p.TrapExit(true)
	front, err := b.shop.openDoor()
	if err != nil {
		return genserv.StopInit[house1](etf.Binary(err.Error()))
	}
	return genserv.Ok(house1{front: front})
}

func (b listener2) Init(*genserv.Process, etf.Term) genserv.InitResult[house2] {
	return genserv.StopInit[house2](etf.Atom("no server of this kind begins with version 2"))
}

func (b listener1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s house1) genserv.Result[house1] {
	return answer(b.base, 1, request, s)
}

func (b listener2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s house2) genserv.Result[house2] {
	return answer(b.base, 2, request, s)
}

func (listener1) Terminate(_ *genserv.Process, _ etf.Term, s house1) { s.front.release() }
func (listener2) Terminate(_ *genserv.Process, _ etf.Term, s house2) {
	s.front.release()
	s.back.release()
}

func (listener1) CopyState(s house1) house1 { return s }
func (listener2) CopyState(s house2) house2 { return s }

func (b listener2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (house2, error) {
	if err := b.shop.trip(p, b.name); err != nil {
		return house2{}, err
	}
	back, err := b.shop.openDoor()
	return house2{old.(house1).plain, old.(house1).front, back}, err
}

func (b listener2) Downgrade(p *genserv.Process, _ etf.Term, s house2, _ etf.Term) (any, error) {
	return house1{s.plain, s.front}, b.shop.trip(p, b.name)
}

// EndCodeChange closes the second door when no state uses it any more: after a failed upgrade, and after a downgrade.
func (listener2) EndCodeChange(_ *genserv.Process, kept bool, oldState, newState any) {
	given := newState
	if kept {
		given = oldState
	}
	if s, ok := given.(house2); ok {
		s.back.release()
	}
}
