//go:build unix

package faultproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// pump copies one flow. It belongs to one goroutine.
type pump struct {
	proxy  *Proxy
	link   *link
	dst    *net.TCPConn
	flow   Flow
	faults []Fault
	off    int64 // bytes received and handled
	drop   int64 // bytes still to drop
	again  []byte
	twice  int64 // bytes still to copy into again
	rate   int64 // bytes a second, 0 for any number
	closed bool  // this direction was closed; further bytes are discarded
}

// errConnEnded stops a pump whose connection was ended by a fault or from outside.
var errConnEnded = errors.New("ended")

// pump copies its flow until it ends.
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

// process handles received bytes.
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

// apply carries out a fault in front of b.
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

// pass forwards bytes. It drops those that are to be dropped, and repeats those that are to be sent twice.
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

// send writes bytes at the configured rate. It waits while the proxy is paused.
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

// wait waits for the time d, and then until the proxy is not paused.
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
