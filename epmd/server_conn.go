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
	waiting *list.Element // in server.pending, nil once registered or closed
	entry   *nameEntry    // the name this connection holds
}

// settle takes c out of those who wait. The caller holds server.mu.
func (c *serverConn) settle() {
	if c.waiting != nil {
		c.server.pending[c.local].Remove(c.waiting)
		c.waiting = nil
	}
}

// hangUp closes a connection that has to make room. The caller holds server.mu.
func (c *serverConn) hangUp() {
	c.settle()
	_ = c.conn.Close()
}

// then is what a connection does after its answer.
type then int

const (
	hangUp   then = iota
	keepName      // registered: stay until the client ends it
	linger        // refused: the client ends it, or the idle time does
	die           // the whole server stops
)

// serve is the goroutine of c. One deadline covers request and answer, so that a client that dribbles bytes gains
// nothing; epmd starts its clock anew with every byte.
func (c *serverConn) serve() {
	defer c.conn.Close()
	defer c.server.remove(c)
	_ = c.conn.SetDeadline(time.Now().Add(c.server.options.IdleTime))
	body, err := readFrame(c.conn)
	if err != nil {
		return
	}
	answer, next := c.answer(body)
	if len(answer) > 0 {
		if _, err := c.conn.Write(answer); err != nil {
			return
		}
	}
	switch next {
	case keepName:
		_ = c.conn.SetDeadline(time.Time{})
		c.waitForEnd()
	case linger: // Differs from OTP: epmd keeps a refused connection for as long as the client does.
		c.waitForEnd()
	case die:
		c.server.shutDown()
	}
}

// waitForEnd returns at whatever comes. A registered node has nothing to say, so bytes end it too, as with epmd.
func (c *serverConn) waitForEnd() {
	var b [1]byte
	_, _ = c.conn.Read(b[:])
}

// answer returns the answer to a request, and nothing for one that is malformed, unknown or not allowed.
func (c *serverConn) answer(body []byte) ([]byte, then) {
	s := c.server
	switch tag := body[0]; {
	case tag == tagPortPlease:
		return s.lookup(body), hangUp
	case tag == tagNames:
		s.mu.Lock()
		defer s.mu.Unlock()
		return namesResp{c.epmdPort(), s.names.names()}.append(nil), hangUp
	case !c.local:
		return nil, hangUp
	case tag == tagAlive2:
		return c.register(body)
	case tag == tagDump:
		s.mu.Lock()
		defer s.mu.Unlock()
		return dumpResp{c.epmdPort(), s.names.dump()}.append(nil), hangUp
	case tag == tagKill:
		return s.kill()
	}
	// STOP_REQ is among the rest: epmd obeys it with -relaxed_command_check only.
	return nil, hangUp
}

// lookup answers PORT_PLEASE2_REQ.
func (s *Server) lookup(body []byte) []byte {
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

// register answers ALIVE2_REQ.
func (c *serverConn) register(body []byte) ([]byte, then) {
	m, err := parseAlive2Req(body)
	if err != nil {
		return nil, hangUp
	}
	answer := alive2Resp{result: resultFailed, creation: refusedCreation, extended: m.high >= highVersion}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.names.register(m, c.number, time.Now())
	if !ok {
		return answer.append(nil), linger
	}
	c.settle()
	c.entry = e
	answer.result, answer.creation = resultOK, e.creation
	if !answer.extended {
		answer.creation = e.creation%3 + 1 // nodes that announce less than 6 know the creations 1 to 3
	}
	return answer.append(nil), keepName
}

// kill answers KILL_REQ.
func (s *Server) kill() ([]byte, then) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names.inUse) > 0 {
		return []byte("NO"), hangUp
	}
	return []byte("OK"), die
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
