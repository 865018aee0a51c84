package dist_test

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recording is a connection that is written down.
type recording struct {
	net.Conn
	mu     sync.Mutex
	blocks []block
}

func (r *recording) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.note(false, b[:n])
	return n, err
}

// Write notes what it writes first, so that no answer is noted before it.
func (r *recording) Write(b []byte) (int, error) {
	r.note(true, b)
	return r.Conn.Write(b)
}

func (r *recording) note(ours bool, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.blocks) - 1; last >= 0 && r.blocks[last].ours == ours {
		r.blocks[last].bytes = append(r.blocks[last].bytes, b...)
	} else if len(b) > 0 {
		r.blocks = append(r.blocks, block{ours, bytes.Clone(b)})
	}
}

// replay is a connection with a recorded peer. It fails as soon as something else is written than was recorded, and
// what the peer has said after it heard something comes only after that was written.
//
// Our challenge is another one each time, so it is not compared, and the proof of the peer is replaced by that for the
// present challenge, after it was made sure that the recorded one is right.
type replay struct {
	cookie []byte
	want   []byte // what we have to write
	in     []byte // what the peer says
	after  []int  // for each byte of in, how many bytes have to be written before; only where it changes
	from   []int

	ourChallenge int // where it is in want
	theirProof   int // where it is in in

	mu      sync.Mutex
	changed *sync.Cond
	read    int
	written int
	err     error
}

func newReplay(t testing.TB, f *flow, cookie string) *replay {
	t.Helper()
	r := &replay{cookie: []byte(cookie), want: f.said(true), in: f.said(false)}
	r.changed = sync.NewCond(&r.mu)
	out, in := 0, 0
	for _, b := range f.blocks {
		if b.ours {
			out += len(b.bytes)
			continue
		}
		r.from, r.after = append(r.from, in), append(r.after, out)
		in += len(b.bytes)
	}
	if f.incoming {
		r.ourChallenge, r.theirProof = packet(t, r.want, 'N')+9, packet(t, r.in, 'r')+5
	} else {
		r.ourChallenge, r.theirProof = packet(t, r.want, 'r')+1, packet(t, r.in, 'a')+1
	}
	require.Equal(t, r.proof(r.want[r.ourChallenge:]), r.in[r.theirProof:r.theirProof+md5.Size],
		"the recorded proof is wrong")
	return r
}

// packet finds the message of the handshake that begins with a tag.
func packet(t testing.TB, b []byte, tag byte) int {
	t.Helper()
	for at := 0; at+2 < len(b); at += 2 + int(binary.BigEndian.Uint16(b[at:])) {
		if b[at+2] == tag {
			return at + 2
		}
	}
	require.FailNow(t, "the recording has no message of the handshake with this tag", string(tag))
	return 0
}

func (r *replay) proof(challenge []byte) []byte {
	digest := md5.Sum(strconv.AppendUint(bytes.Clone(r.cookie), uint64(binary.BigEndian.Uint32(challenge)), 10))
	return digest[:]
}

func (r *replay) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.changed.Broadcast()
	for i, c := range b {
		at := r.written
		switch {
		case r.err != nil:
			return i, r.err
		case at >= r.ourChallenge && at < r.ourChallenge+4:
			r.want[at] = c
		case at >= len(r.want):
			r.err = fmt.Errorf("more is written than was recorded: % x", b[i:])
			return i, r.err
		case c != r.want[at]:
			r.err = fmt.Errorf("byte %d is %#x, recorded is %#x; before it % x", at, c, r.want[at], r.want[max(0, at-40):at])
			return i, r.err
		}
		r.written++
	}
	return len(b), nil
}

// ready is how far the peer has spoken by now.
func (r *replay) ready() int {
	for i, from := range r.from {
		if r.written < r.after[i] {
			return from
		}
	}
	return len(r.in)
}

func (r *replay) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.err == nil && r.read == r.ready() {
		r.changed.Wait() // at the end of the recording too: the peer has not closed
	}
	if r.err != nil {
		return 0, r.err
	}
	if r.written >= r.ourChallenge+4 {
		copy(r.in[r.theirProof:], r.proof(r.want[r.ourChallenge:]))
	}
	n := copy(b, r.in[r.read:r.ready()])
	r.read += n
	return n, nil
}

var errReplayClosed = errors.New("closed")

func (r *replay) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = errReplayClosed
	}
	r.changed.Broadcast()
	return nil
}

// fault is what went wrong, or what is left of the recording.
func (r *replay) fault() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.err != nil && r.err != errReplayClosed:
		return r.err
	case r.written < len(r.want) || r.read < len(r.in):
		return fmt.Errorf("%d of %d bytes written, %d of %d read", r.written, len(r.want), r.read, len(r.in))
	}
	return nil
}

func (r *replay) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *replay) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (r *replay) SetDeadline(time.Time) error      { return nil }
func (r *replay) SetReadDeadline(time.Time) error  { return nil }
func (r *replay) SetWriteDeadline(time.Time) error { return nil }
