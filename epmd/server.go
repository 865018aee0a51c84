package epmd

import (
	"container/list"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// idleTime is how long a connection may stay open without a registration. epmd(1), option -packet_timeout.
const idleTime = 60 * time.Second

// Limits of a server whose options say nothing.
const (
	defaultPending = 256
	defaultNames   = 1024
)

// ServerOptions are the settings of a [Server]. The zero value is right for most.
type ServerOptions struct {
	// MaxPending is how many connections without a registration may be open at once, counted apart for clients on this
	// host and on others; 0 means 256. Beyond it the one that has been open longest is closed, so a stranger who holds
	// connections open keeps nobody out. One goes, too, when the process may open no more files; a program whose limit
	// is low had better set a fraction of it.
	MaxPending int
	// MaxNames is how many names may be registered at once; 0 means 1024. Beyond it registrations are refused.
	MaxNames int
	// IdleTime is how long a request may take; 0 means 60 seconds.
	IdleTime time.Duration
	// Port is the port of this server as its answers to NAMES and DUMP give it, which erl compares with the port it
	// asked; 0 means that of the connection. Set it if clients reach the server through a mapped port.
	Port uint16
}

// Server is a small EPMD. It answers ALIVE2, PORT_PLEASE2, NAMES, DUMP, KILL and STOP as epmd does without its option
// -relaxed_command_check: STOP is never obeyed, and KILL only while no name is registered. Registrations, DUMP, KILL
// and STOP are taken from the own host only: from loopback, from the address that was connected to, and from pipes
// and Unix sockets. Everything else is answered by closing the connection.
type Server struct {
	options ServerOptions
	done    chan struct{}
	wg      sync.WaitGroup // accept loops and connections

	mu         sync.Mutex
	closed     bool
	listeners  map[net.Listener]bool
	conns      map[*serverConn]bool
	pending    map[bool]*list.List // by serverConn.local: those without a registration, oldest first
	names      nameTable
	lastNumber int // number of the latest connection
}

// NewServer returns a server that serves nothing yet.
func NewServer(o ServerOptions) *Server {
	if o.MaxPending <= 0 {
		o.MaxPending = defaultPending
	}
	if o.MaxNames <= 0 {
		o.MaxNames = defaultNames
	}
	if o.IdleTime <= 0 {
		o.IdleTime = idleTime
	}
	return &Server{
		options:   o,
		done:      make(chan struct{}),
		listeners: make(map[net.Listener]bool),
		conns:     make(map[*serverConn]bool),
		pending:   map[bool]*list.List{false: list.New(), true: list.New()},
		names:     nameTable{max: o.MaxNames},
	}
}

// Serve accepts connections from ls until Close or a KILL request, then it returns nil. If one of the listeners fails
// for good, it closes them all and returns that error. The listeners are closed in any case. All of them share the
// names of s; so do several calls.
func (s *Server) Serve(ls ...net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		closeAll(ls)
		return nil
	}
	for _, l := range ls {
		s.listeners[l] = true
	}
	failed := make(chan error, len(ls))
	for _, l := range ls {
		s.wg.Go(func() { failed <- s.accept(l) })
	}
	s.mu.Unlock()

	var first error
	for range ls {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
		closeAll(ls) // one that ended ends the others
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range ls {
		delete(s.listeners, l)
	}
	return first
}

// Close stops the server and waits until all its goroutines have ended, those of Serve included. Its names are gone,
// and the nodes that held them see it. Further calls only wait. The error is always nil.
func (s *Server) Close() error {
	s.shutDown()
	s.wg.Wait()
	return nil
}

// Done is closed as soon as the server stops, by Close or by a KILL request.
func (s *Server) Done() <-chan struct{} { return s.done }

// shutDown closes everything and waits for nothing.
func (s *Server) shutDown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	close(s.done)
	for l := range s.listeners {
		_ = l.Close() // accept ends, whatever Close says
	}
	for c := range s.conns {
		_ = c.conn.Close() // serve ends, whatever Close says
	}
}

// accept serves one listener until it is closed, and returns why if nobody closed it.
func (s *Server) accept(l net.Listener) error {
	var pause time.Duration
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.startConn(conn)
		case errors.Is(err, net.ErrClosed):
			return nil
		case !isTemporary(err):
			return err
		default:
			if pause = min(max(2*pause, 5*time.Millisecond), time.Second); isOutOfFiles(err) && s.closeOldest() {
				pause = time.Millisecond // the file is free when the connection has noticed
			}
			select {
			case <-s.done:
				return nil
			case <-time.After(pause):
			}
		}
	}
}

// isTemporary reports whether Accept may succeed again later.
func isTemporary(err error) bool {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isOutOfFiles reports whether closing a connection lets Accept succeed.
func isOutOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// closeOldest closes the connection that has waited longest for its request, preferably one from another host. It
// reports whether there was one.
func (s *Server) closeOldest() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, local := range []bool{false, true} {
		if oldest := s.pending[local].Front(); oldest != nil {
			oldest.Value.(*serverConn).closePending()
			return true
		}
	}
	return false
}

// startConn starts to serve conn. If too many connections of its kind wait for their request, the oldest of them is
// closed.
func (s *Server) startConn(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // nothing was read from it
		return
	}
	s.lastNumber++
	c := &serverConn{server: s, conn: conn, number: s.lastNumber, local: isLocal(conn)}
	waiting := s.pending[c.local]
	if waiting.Len() >= s.options.MaxPending {
		waiting.Front().Value.(*serverConn).closePending()
	}
	c.pendingElem = waiting.PushBack(c)
	s.conns[c] = true
	s.wg.Go(c.serve)
}

// removeConn removes a connection and the name it holds.
func (s *Server) removeConn(c *serverConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.leavePending()
	delete(s.conns, c)
	if c.entry != nil {
		s.names.unregister(c.entry)
	}
}
