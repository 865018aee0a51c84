package dist

// corkBytes is how much ReadToken.Cork holds back.
const corkBytes = 32 << 10

// Cork holds back what is sent on the connection from now on until Uncork, so that several answers leave with one
// system call. It is for Work that has several messages to deal with and does not wait: HandOver ends it, and what
// exceeds a moderate size goes out at once. It does nothing while somebody writes already.
func (t ReadToken) Cork() {
	if t.conn == nil {
		return
	}
	w := &t.conn.out
	w.mu.Lock()
	// HandOver ends the turn before it looks for a cork, so there is none behind its back.
	if !w.writing && w.sendError() == nil && t.Held() {
		w.writing, w.corked = true, true
	}
	w.mu.Unlock()
}

// Uncork writes what Cork has held back.
func (t ReadToken) Uncork() {
	if t.conn != nil {
		t.conn.out.uncork()
	}
}

func (w *writer) uncork() {
	w.mu.Lock()
	if !w.corked {
		w.mu.Unlock()
		return
	}
	w.corked = false
	w.writeQueued()
}

// corkFull reports whether the cork has to come out, because so much is held back that it may make somebody wait.
func (w *writer) corkFull() bool {
	return w.corked && w.queued+w.streamed >= min(corkBytes, w.c.opts.HighWater/2)
}
