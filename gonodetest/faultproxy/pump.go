//go:build unix

package faultproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// pump is one flow under way. It belongs to one goroutine.
type pump struct {
	proxy  *Proxy
	link   *link
	dst    *net.TCPConn
	flow   Flow
	faults []Fault
	off    int64 // bytes that have come and are dealt with
	drop   int64 // bytes still to be left out
	again  []byte
	twice  int64 // bytes still to come into again
	rate   int64 // bytes a second, 0 for any number
	closed bool  // the direction was ended; the rest is thrown away
}

// errConnEnded stops a pump whose connection was ended by a fault or from outside.
var errConnEnded = errors.New("ended")

// pump passes on one flow until it ends.
func (p *Proxy) pump(l *link, src, dst *net.TCPConn, flow Flow) {
	f := &pump{proxy: p, link: l, dst: dst, flow: flow, faults: p.plan(flow)}
	buf := make([]byte, 64<<10)
	for {
		n, err := src.Read(buf)
		if n > 0 && f.process(buf[:n]) != nil {
			l.end()
			return
		}
		switch {
		case err == io.EOF:
			if f.wait(0) == nil && !f.closed {
				_ = dst.CloseWrite() // the other end may have closed already
			}
			return
		case err != nil:
			l.end()
			return
		}
	}
}

// process deals with bytes that have come.
func (p *pump) process(b []byte) error {
	for len(b) > 0 {
		if len(p.faults) == 0 || p.faults[0].At >= p.off+int64(len(b)) {
			return p.pass(b)
		}
		if n := p.faults[0].At - p.off; n > 0 {
			if err := p.pass(b[:n]); err != nil {
				return err
			}
			b = b[n:]
		}
		f := p.faults[0]
		p.faults = p.faults[1:]
		if p.closed {
			continue
		}
		p.proxy.tell("%v: %v", p.flow, f)
		if err := p.apply(f, b); err != nil {
			return err
		}
	}
	return nil
}

// apply lets a fault happen in front of b.
func (p *pump) apply(f Fault, b []byte) error {
	switch f.Kind {
	case Flip:
		b[0] ^= 1 << (f.N & 7)
	case Drop:
		p.drop += f.N
	case Duplicate:
		p.twice += f.N
	case Delay:
		return p.wait(f.D)
	case Cut:
		return errConnEnded
	case Reset:
		p.link.reset()
		return errConnEnded
	case HalfClose:
		p.closed = true
		return p.dst.CloseWrite()
	case Rate:
		p.rate = f.N
	}
	return nil
}

// pass sends bytes on, but for those that are to be left out or sent twice.
func (p *pump) pass(b []byte) error {
	p.off += int64(len(b))
	if n := min(p.drop, int64(len(b))); n > 0 {
		p.drop -= n
		b = b[n:]
	}
	for len(b) > 0 && !p.closed {
		n := len(b)
		if p.twice > 0 {
			n = int(min(p.twice, int64(n)))
			p.again = append(p.again, b[:n]...)
			p.twice -= int64(n)
		}
		if err := p.send(b[:n]); err != nil {
			return err
		}
		b = b[n:]
		if p.twice == 0 && len(p.again) > 0 {
			if err := p.send(p.again); err != nil {
				return err
			}
			p.again = nil
		}
	}
	return nil
}

// send writes bytes at the rate that is set, and not during a pause.
func (p *pump) send(b []byte) error {
	for len(b) > 0 {
		n := len(b)
		var pause time.Duration
		if p.rate > 0 {
			n = int(min(int64(n), p.rate/100+1))
			pause = time.Duration(n) * time.Second / time.Duration(p.rate)
		}
		if err := p.wait(pause); err != nil {
			return err
		}
		if _, err := p.dst.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// wait lets the time d and any pause of the proxy go by.
func (p *pump) wait(d time.Duration) error {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.link.ctx.Done():
			return context.Cause(p.link.ctx)
		}
	}
	select {
	case <-p.proxy.passage():
		return nil
	case <-p.link.ctx.Done():
		return context.Cause(p.link.ctx)
	}
}
