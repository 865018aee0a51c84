package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// maxPending bounds the text that waits to be written. A quiet node logs as much in hours, a traced one in a moment.
	maxPending = 1 << 20
	// closeTimeout is how long the command waits at its end for standard error to take the rest.
	closeTimeout = time.Second
)

// boundedLog writes to another writer and never waits for it, because a pipe that nobody reads must not block a node.
// It drops and counts lines when too much is waiting, and reports the count when there is room again. After a write has
// failed, it writes nothing more.
type boundedLog struct {
	to   io.Writer
	done chan struct{} // closed when everything was written

	mu      sync.Mutex
	waiting []byte
	dropped int           // lines dropped since the last one that was kept
	wake    chan struct{} // capacity one; closed by Close
	closed  bool
	broken  bool
}

const droppedText = "gonode: lines of the log dropped, because standard error did not take them: %d\n"

// newBoundedLog makes a boundedLog, which Close ends.
func newBoundedLog(to io.Writer) *boundedLog {
	l := &boundedLog{to: to, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	go l.run()
	return l
}

// Write implements io.Writer. It never fails.
func (l *boundedLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed || l.broken:
	case len(l.waiting)+len(text) > maxPending:
		l.dropped += max(1, bytes.Count(text, []byte("\n")))
	default:
		l.waiting = append(l.waiting, text...)
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return len(text), nil
}

func (l *boundedLog) run() {
	defer close(l.done)
	for range l.wake {
		for text := l.take(); len(text) > 0; text = l.take() {
			if _, err := l.to.Write(text); err != nil {
				l.mu.Lock()
				l.broken, l.waiting = true, nil
				l.mu.Unlock()
			}
		}
	}
}

// take returns the text to write next.
func (l *boundedLog) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.waiting
	l.waiting = nil
	if l.dropped > 0 {
		text = fmt.Appendf(text, droppedText, l.dropped)
		l.dropped = 0
	}
	return text
}

// Close waits until everything has been written, but no longer than closeTimeout.
func (l *boundedLog) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.wake)
	}
	l.mu.Unlock()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-l.done:
	case <-timer.C:
	}
}
