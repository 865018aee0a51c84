package epmd

import (
	"container/list"
	"net"
	"net/netip"
	"time"
)

// serverConn is one client of a server: one request, one answer, and after a registration the wait for its end.
type serverConn struct {
	server *Server
	conn   net.Conn
	number int
	local  bool

	// Guarded by server.mu:
	pendingElem *list.Element // in server.pending, nil once registered or closed
	entry       *nameEntry    // the name this connection holds
}

// leavePending removes c from the connections that wait for their request. The caller holds server.mu.
func (c *serverConn) leavePending() {
	if c.pendingElem != nil {
		c.server.pending[c.local].Remove(c.pendingElem)
		c.pendingElem = nil
	}
}

// closePending closes a connection to make room for another. The caller holds server.mu.
func (c *serverConn) closePending() {
	c.leavePending()
	_ = c.conn.Close() // serve ends, whatever Close says
}

// afterAnswer is what a connection does after its answer.
type afterAnswer int

const (
	thenClose      afterAnswer = iota
	thenKeepName               // registered: stay until the client ends it
	thenLinger                 // refused: the client ends it, or the idle time does
	thenStopServer             // the whole server stops
)

// serve runs in the goroutine of c. One deadline covers request and answer, so a client that sends a byte now and then
// gains nothing; epmd restarts its clock with every byte.
func (c *serverConn) serve() {
	defer c.conn.Close()
	defer c.server.removeConn(c)
	// SetDeadline fails only on a closed connection, and then the read fails too.
	_ = c.conn.SetDeadline(time.Now().Add(c.server.options.IdleTime))
	body, err := readFrame(c.conn)
	if err != nil {
		return
	}
	answer, next := c.answerRequest(body)
	if len(answer) > 0 {
		if _, err := c.conn.Write(answer); err != nil {
			return
		}
	}
	switch next {
	case thenKeepName:
		_ = c.conn.SetDeadline(time.Time{}) // as above
		c.waitForEnd()
	case thenLinger: // Differs from OTP: epmd keeps a refused connection for as long as the client does.
		c.waitForEnd()
	case thenStopServer:
		c.server.shutDown()
	}
}

// waitForEnd waits until the connection ends. A registered node sends nothing, so bytes end the wait too, as in epmd.
func (c *serverConn) waitForEnd() {
	var b [1]byte
	_, _ = c.conn.Read(b[:]) // bytes and an error mean the same here
}

// answerRequest returns the answer to a request, and nothing for one that is malformed, unknown or not allowed.
func (c *serverConn) answerRequest(body []byte) ([]byte, afterAnswer) {
	s := c.server
	switch tag := body[0]; {
	case tag == tagPortPlease:
		return s.answerLookup(body), thenClose
	case tag == tagNames:
		s.mu.Lock()
		defer s.mu.Unlock()
		return namesResp{c.epmdPort(), s.names.activeEntries()}.append(nil), thenClose
	case !c.local:
		return nil, thenClose
	case tag == tagAlive2:
		return c.answerRegister(body)
	case tag == tagDump:
		s.mu.Lock()
		defer s.mu.Unlock()
		return dumpResp{c.epmdPort(), s.names.dumpEntries()}.append(nil), thenClose
	case tag == tagKill:
		return s.answerKill()
	}
	// STOP_REQ is among the rest: epmd obeys it with -relaxed_command_check only.
	return nil, thenClose
}

// answerLookup answers PORT_PLEASE2_REQ.
func (s *Server) answerLookup(body []byte) []byte {
	m, err := parsePortPlease2Req(body)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.names.lookup(m.name)
	if !ok {
		return port2Resp{result: resultFailed}.append(nil)
	}
	return port2Resp{result: resultOK, node: e.alive2Req}.append(nil)
}

// answerRegister answers ALIVE2_REQ.
func (c *serverConn) answerRegister(body []byte) ([]byte, afterAnswer) {
	m, err := parseAlive2Req(body)
	if err != nil {
		return nil, thenClose
	}
	answer := alive2Resp{result: resultFailed, creation: refusedCreation, extended: m.high >= highVersion}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.names.register(m, c.number, time.Now())
	if !ok {
		return answer.append(nil), thenLinger
	}
	c.leavePending()
	c.entry = e
	answer.result, answer.creation = resultOK, e.creation
	if !answer.extended {
		answer.creation = e.creation%3 + 1 // nodes that announce less than 6 know the creations 1 to 3
	}
	return answer.append(nil), thenKeepName
}

// answerKill answers KILL_REQ.
func (s *Server) answerKill() ([]byte, afterAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names.inUse) > 0 {
		return []byte("NO"), thenClose
	}
	return []byte("OK"), thenStopServer
}

// epmdPort is the port that NAMES and DUMP give.
func (c *serverConn) epmdPort() uint32 {
	if p := c.server.options.Port; p != 0 {
		return uint32(p)
	}
	if a, ok := c.conn.LocalAddr().(*net.TCPAddr); ok {
		return uint32(a.Port)
	}
	return 0
}

// isLocal says whether a client is on this host: it comes from loopback or from the address it connected to, or its
// connection cannot come from elsewhere.
func isLocal(conn net.Conn) bool {
	from := conn.RemoteAddr()
	switch from.Network() {
	case "pipe", "unix":
		return true
	}
	remote, ok := ipOf(from)
	own, ok2 := ipOf(conn.LocalAddr())
	return ok && (remote.IsLoopback() || ok2 && remote == own)
}

func ipOf(a net.Addr) (netip.Addr, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return tcp.AddrPort().Addr().Unmap(), true
}
