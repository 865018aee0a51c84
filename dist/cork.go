package dist

// corkBytes is how much ReadToken.Cork holds back.
const corkBytes = 32 << 10

// Cork holds back what is sent on the connection until Uncork, so that several answers leave with one system call. It
// is for Work that handles several messages and does not wait: HandOver ends it, and what exceeds corkBytes goes out at
// once. It does nothing while somebody is writing already.
func (t ReadToken) Cork() {
	if t.conn == nil {
		return
	}
	w := &t.conn.out
	w.mu.Lock()
	// HandOver takes the token away before it looks for a cork, so it finds a cork that was set before.
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

// corkFull reports whether so much is held back that it has to be written now, before it makes a sender wait.
func (w *writer) corkFull() bool {
	return w.corked && w.queued+w.streamed >= min(corkBytes, w.c.opts.HighWater/2)
}
