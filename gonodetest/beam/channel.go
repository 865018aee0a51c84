//go:build unix

package beam

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// The operations of a frame, see driver.erl.
const (
	opErlang = 'e'
	opElixir = 'x'
	opCancel = 'c'
	opValue  = 'v'
	opRaised = 'r'
)

// EvalError is what the node raised instead of returning a value.
type EvalError struct {
	// Class is error, exit or throw. It is EXIT if an exit signal ended the evaluating process, syntax if the source is
	// not an expression, and compile if a module did not compile.
	Class string
	// Reason is the term, printed on one line in the language of the expression. For syntax and compile it is the message.
	Reason string
	// Stack is the printed stack trace, which may be empty.
	Stack string
	// Source is what was evaluated.
	Source string
}

// Error formats class and reason as the shell does.
func (e *EvalError) Error() string {
	return fmt.Sprintf("%s raised %s: %s", excerpt.Head(e.Source), e.Class, e.Reason)
}

type answer struct {
	op   byte
	body []byte
}

// channel is the Go end of the evaluation channel of one node.
type channel struct {
	wmu sync.Mutex
	w   *os.File

	mu      sync.Mutex
	nextID  uint32
	waiting map[uint32]chan answer
	ended   bool // no more answers will come
}

// newChannel starts to read from r until r ends, and owns r. The answer with the id 0 is the first message of the node.
func newChannel(w, r *os.File) (*channel, <-chan answer) {
	hello := make(chan answer, 1)
	c := &channel{w: w, waiting: map[uint32]chan answer{0: hello}}
	go c.read(r)
	return c, hello
}

// Close makes the node end, if it still runs.
func (c *channel) Close() error { return c.w.Close() }

func (c *channel) read(r *os.File) {
	defer r.Close()
	in := bufio.NewReader(r)
	for {
		id, a, err := readFrame(in)
		c.mu.Lock()
		if err != nil {
			c.ended = true
			for _, ch := range c.waiting {
				close(ch)
			}
			c.waiting = nil
			c.mu.Unlock()
			return
		}
		if ch, ok := c.waiting[id]; ok {
			delete(c.waiting, id)
			ch <- a
		}
		c.mu.Unlock()
	}
}

func readFrame(r io.Reader) (id uint32, a answer, err error) {
	var size [4]byte
	if _, err = io.ReadFull(r, size[:]); err != nil {
		return 0, a, err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err = io.ReadFull(r, body); err != nil {
		return 0, a, err
	}
	if len(body) < 5 {
		return 0, a, io.ErrUnexpectedEOF
	}
	return binary.BigEndian.Uint32(body), answer{op: body[4], body: body[5:]}, nil
}

// ErrEnded is matched by the error of an evaluation whose node ended before or during it.
var ErrEnded = errors.New("the node has ended")

// evaluate sends a source text to a session of the node and waits for the outcome. When ctx ends first, the node stops
// the evaluation.
func (c *channel) evaluate(ctx context.Context, op byte, session uint32, source string) (string, error) {
	ch := make(chan answer, 1)
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return "", fmt.Errorf("%s: %w", excerpt.Head(source), ErrEnded)
	}
	c.nextID++
	id := c.nextID
	c.waiting[id] = ch
	c.mu.Unlock()

	frame := binary.BigEndian.AppendUint32(nil, id)
	frame = append(frame, op)
	frame = binary.BigEndian.AppendUint32(frame, session)
	if err := c.send(ctx, append(frame, source...)); err != nil {
		c.forget(id)
		return "", fmt.Errorf("%s: %w: %w", excerpt.Head(source), ErrEnded, err)
	}
	select {
	case a, ok := <-ch:
		if !ok {
			return "", fmt.Errorf("%s: %w", excerpt.Head(source), ErrEnded)
		}
		return a.result(source)
	case <-ctx.Done():
		c.forget(id)
		// If this write fails too, the node does not listen, and there is nothing to stop.
		_ = c.send(context.Background(), append(binary.BigEndian.AppendUint32(nil, id), opCancel))
		return "", fmt.Errorf("%s: no answer: %w", excerpt.Head(source), ctx.Err())
	}
}

func (c *channel) forget(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// send writes one frame. A partly written frame makes the channel unusable, so send closes it then.
func (c *channel) send(ctx context.Context, body []byte) error {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(grace)
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if err := c.w.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if n, err := c.w.Write(frame); err != nil {
		if n > 0 {
			_ = c.w.Close()
		}
		return err
	}
	return nil
}

// result turns the answer into a value or an EvalError.
func (a answer) result(source string) (string, error) {
	if a.op == opValue {
		return string(a.body), nil
	}
	var texts [3]string
	rest := a.body
	for i := range texts {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.BigEndian.Uint32(rest)) {
			return "", fmt.Errorf("%s: the answer of the node cannot be read: %q", excerpt.Head(source), a.body)
		}
		n := 4 + int(binary.BigEndian.Uint32(rest))
		texts[i], rest = string(rest[4:n]), rest[n:]
	}
	return "", &EvalError{Class: texts[0], Reason: texts[1], Stack: texts[2], Source: source}
}
