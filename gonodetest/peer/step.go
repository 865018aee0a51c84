//go:build unix

package peer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// Step is one step of a Script. Run carries it out, and Name is its name in a ScriptError.
type Step struct {
	Name string
	Run  func(c *Conn) error
}

// Do is a step that is a function.
func Do(name string, run func(c *Conn) error) Step { return Step{name, run} }

// Mutated is a step whose bytes are changed before they are sent. change gets each message once, with its length, and
// must not keep its argument. The step itself keeps the original bytes: if the challenge was mutated, the right answer
// is still that to the original one.
func Mutated(s Step, change func(b []byte) []byte) Step {
	return Step{s.Name + ", mutated", func(c *Conn) error {
		c.mutate = change
		defer func() { c.mutate = nil }()
		return s.Run(c)
	}}
}

// SendBytes writes bytes unchanged, whether they are a message or not.
func SendBytes(b []byte) Step {
	return Step{fmt.Sprintf("SendBytes of %d", len(b)), func(c *Conn) error {
		_, err := c.Write(b)
		return err
	}}
}

// SendPacket writes a message of the handshake, with a length of two bytes in front.
func SendPacket(body []byte) Step {
	return Step{fmt.Sprintf("SendPacket of %d bytes", len(body)), func(c *Conn) error { return c.WritePacket(body) }}
}

// SendFrame writes a frame, with a length of four bytes in front. An empty one is a tick.
func SendFrame(body []byte) Step {
	return Step{fmt.Sprintf("SendFrame of %d bytes", len(body)), func(c *Conn) error { return c.WriteFrame(body) }}
}

// SendTick writes a tick.
func SendTick() Step { return Step{"SendTick", func(c *Conn) error { return c.WriteFrame(nil) }} }

// ExpectFrame waits for the next frame that is not a tick, and fails if check does. check gets the frame without its
// length.
func ExpectFrame(check func(frame []byte) error) Step {
	return Step{"ExpectFrame", func(c *Conn) error {
		frame, err := c.nextFrame()
		if err != nil {
			return err
		}
		return check(frame)
	}}
}

// ExpectTick waits for a frame and fails unless it is a tick.
func ExpectTick() Step {
	return Step{"ExpectTick", func(c *Conn) error {
		frame, err := c.ReadFrame()
		if err == nil && len(frame) > 0 {
			err = fmt.Errorf("a frame of %d bytes came", len(frame))
		}
		return err
	}}
}

// ExpectClosed waits until the other end closes the connection, and ignores what it receives before.
func ExpectClosed() Step {
	return Step{"ExpectClosed", func(c *Conn) error {
		_, err := io.Copy(io.Discard, c.net)
		if timeout(err) {
			return errors.New("the connection stays open")
		}
		return nil // a reset ends the connection as well
	}}
}

// Hold keeps the connection open and reads what comes until the other end closes it or the test ends. It sends ticks,
// so that the other end does not take the peer for dead.
func Hold() Step {
	return Step{"Hold", func(c *Conn) error {
		for {
			if err := c.net.SetDeadline(time.Now().Add(time.Second)); err != nil {
				return nil
			}
			if _, err := io.Copy(io.Discard, c.net); !timeout(err) {
				return nil
			}
			_ = c.net.SetDeadline(time.Now().Add(time.Second))
			_, _ = c.net.Write(make([]byte, 4)) // if it fails, the next read fails too
		}
	}}
}

// Silence neither reads nor writes, not even ticks, until done is closed or the test ends.
func Silence(done <-chan struct{}) Step {
	return Step{"Silence", func(c *Conn) error {
		select {
		case <-done:
		case <-c.peer.ctx.Done():
		}
		return nil
	}}
}

// Reset ends the connection with a RST, as the crash of a machine does.
func Reset() Step {
	return Step{"Reset", func(c *Conn) error {
		if err := c.net.(*net.TCPConn).SetLinger(0); err != nil {
			return err
		}
		return c.net.Close()
	}}
}

// HalfClose closes the sending direction and leaves the other one open.
func HalfClose() Step {
	return Step{"HalfClose", func(c *Conn) error { return c.net.(*net.TCPConn).CloseWrite() }}
}

func timeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// Send sends a control message and, unless it is nil, its payload. Both are terms, or Erlang source. In the source the
// variables that Expect has bound stand for their values, and so do
//
//	'$node'   the name of the peer
//	'$peer'   the name of the node at the other end
//	'$self'   a pid of the peer
//
// For example
//
//	Send("{6,'$self','',echo}", "hello")
//
// is a message to the process echo.
func Send(control, payload any) Step {
	return Step{fmt.Sprintf("Send(%v)", control), func(c *Conn) error {
		m, err := c.fill(control)
		if err != nil {
			return err
		}
		p, err := c.fill(payload)
		if err != nil {
			return err
		}
		return c.WriteMessage(m, p)
	}}
}

// Expect waits for the next message, without ticks, and fails unless the control message and its payload match. A nil
// payload means none. Both are terms, or Erlang source of patterns. '_' matches anything. An atom that begins with a
// dollar sign is a variable: its first place binds it, and every other place has to be equal. A map may have more keys
// than its pattern. Variables are valid in all steps that follow:
//
//	Expect("{6,'$from','',echo}", "{'$gen_call',{'$from','$tag'},'$request'}"),
//	Send("{2,'','$from'}", "{'$tag',{you_said,'$request'}}"),
//
// is an echo server for one call. '$gen_call', '$gen_cast' and '$gen_all_state_event' are not variables.
func Expect(control, payload any) Step {
	return Step{fmt.Sprintf("Expect(%v)", control), func(c *Conn) error {
		m, p, err := c.ReadMessage()
		if err != nil {
			return err
		}
		err = c.match(control, m)
		if err == nil {
			err = c.match(payload, p)
		}
		if err != nil {
			return fmt.Errorf("%w in %v %s", err, m, excerpt.Head(fmt.Sprint(p)))
		}
		return nil
	}}
}

// Skip reads messages until one comes that Expect would accept.
func Skip(control, payload any) Step {
	return Step{fmt.Sprintf("Skip(%v)", control), func(c *Conn) error {
		for {
			m, p, err := c.ReadMessage()
			if err != nil {
				return err
			}
			before := c.vars
			c.vars = cloneVars(before)
			if c.match(control, m) == nil && c.match(payload, p) == nil {
				return nil
			}
			c.vars = before
		}
	}}
}

func cloneVars(vars map[etf.Atom]etf.Term) map[etf.Atom]etf.Term {
	fresh := make(map[etf.Atom]etf.Term, len(vars))
	for name, value := range vars {
		fresh[name] = value
	}
	return fresh
}
