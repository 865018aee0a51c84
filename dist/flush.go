package dist

import "time"

// maxRounds is the number of writes after which a sender lets the flusher go on, so that nobody writes for the others
// without end.
const maxRounds = 16

// write writes what is queued. The mutex is held, and writing was set by the caller; the mutex is released.
func (w *writer) write() {
	for range maxRounds {
		if !w.raw.possible() {
			break
		}
		if !w.take() {
			return
		}
		w.mu.Unlock()
		full, err := w.writeNow()
		if err != nil {
			w.failed(err)
			return
		}
		w.mu.Lock()
		if full {
			break
		}
		w.written()
	}
	w.handOver()
	w.mu.Unlock()
}

// take makes the next batch. If there is none, the writing is over: the mutex is released.
func (w *writer) take() bool {
	released, any := w.queue.take(&w.batch)
	w.streamed -= released
	w.queued += released
	if any {
		return true
	}
	w.writing = false
	closing := w.cause != nil
	w.mu.Unlock()
	if closing {
		w.c.flushed()
	}
	return false
}

// writeNow writes as much of the batch as the socket takes without waiting. full says that something is left.
func (w *writer) writeNow() (full bool, err error) {
	for len(w.batch.bufs) > 0 {
		n, all, err := w.raw.write(w.batch.bufs)
		w.c.bytesOut.Add(uint64(n))
		if err != nil {
			return false, err
		}
		w.batch.advance(n)
		if !all {
			return true, nil
		}
	}
	return false, nil
}

// written ends a batch.
func (w *writer) written() {
	b := &w.batch
	w.queued -= b.queued
	w.streamed -= b.streamed
	b.queued, b.streamed = 0, 0
	b.free()
	w.enc.keep(b.large)
	b.large = nil
	low := w.c.opts.HighWater / 2
	if w.queued <= low {
		w.room.open()
	}
	if w.streamed <= low {
		w.streamer.open()
	}
}

// failed is called when nothing can be written any more. A peer that has closed the connection may have sent something
// before that is still to be read, so it is the reader that ends the connection, and soon (OTP: delayed close in
// inet_drv).
func (w *writer) failed(err error) {
	w.mu.Lock()
	w.c.mute.Store(true)
	w.broken = &IOError{Peer: w.c.peer.Name, Op: "write", Err: err}
	w.queue, w.batch, w.queued, w.streamed = outQueue{}, batch{}, 0, 0
	w.room.open()
	w.streamer.open()
	closing := w.cause != nil
	w.mu.Unlock()
	if closing || !w.c.served.Load() || w.c.conn.SetReadDeadline(time.Now().Add(w.c.opts.FlushTime)) != nil {
		w.c.fail(w.broken)
	}
}

// handOver lets the flusher write, and starts it if this is the first time. The mutex is held and writing is set.
func (w *writer) handOver() {
	if w.over {
		return
	}
	if !w.flushing {
		w.flushing = true
		w.flushers.Go(w.flusher)
	}
	w.wake <- struct{}{}
}

// flusher writes whatever is handed over, until the connection has ended. It lives as long as the connection, since a
// peer that was slow once is likely to be so again.
func (w *writer) flusher() {
	for {
		select {
		case <-w.wake:
			w.flush()
		case <-w.c.done:
			return
		}
	}
}

// trim gives back memory that a burst has left, in time.
func (w *writer) trim() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.enc.trim()
}

// join waits for the flusher of a connection that has ended, and keeps it from being started.
func (w *writer) join() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.flushers.Wait()
}

// flush is write for a goroutine that may wait.
func (w *writer) flush() {
	for {
		if len(w.batch.bufs) > 0 {
			w.raw.calls.Add(1)
			n, err := w.batch.bufs.WriteTo(w.c.conn)
			w.c.bytesOut.Add(uint64(n))
			if err != nil {
				w.failed(err)
				return
			}
		}
		w.mu.Lock()
		w.written()
		if !w.take() {
			return
		}
		w.mu.Unlock()
	}
}
