package epmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// retryTime is how long a registration waits before each attempt to come back. erl_epmd, RECONNECT_TIME.
	retryTime = 2 * time.Second

	// releaseTime is how long Close waits for the EPMD to see that the name is given up.
	releaseTime = time.Second
)

// RegisterOptions says what to register, and where. Name and Port are needed.
type RegisterOptions struct {
	// Addr is the EPMD, "host:port" on the own host; no EPMD takes a registration from another one. "" means 127.0.0.1
	// with the port of [ReadEnv]; a node that is reached by IPv6 only registers at [::1].
	Addr string
	// Name is the part before the @ of the node name.
	Name string
	// Port is where the node listens for other nodes.
	Port uint16
	// Hidden announces TypeHidden instead of TypeVisible.
	Hidden bool
	// Extra is given to those who look the name up; at most 1020 bytes. OTP leaves it empty and does not read it.
	Extra []byte
	// Retry is the pause before each attempt to come back after the EPMD went away; 0 means two seconds.
	Retry time.Duration
	// Revive is called when no EPMD answers an attempt to come back, to start one in its place. If it returns nil, the
	// attempt is made again at once; its error is that of the attempt. ctx ends with the registration. Nil leaves that
	// to others. With it the first attempt comes after half of the pause: an EPMD that restarts had time to, and the
	// nodes of OTP, which wait for the whole of it, find the new one.
	Revive func(ctx context.Context) error
	// OnChange hears of every change after the first registration, for a log. It is called by the goroutine that keeps
	// the registration, one event after the other, and must not call Close.
	OnChange func(Event)
	// Client has the dialer and the time limit of each attempt.
	Client Client
}

// EventKind is what happened to a registration.
type EventKind int

// The events of a registration.
const (
	EventLost     EventKind = iota + 1 // the EPMD closed the connection, and has forgotten the name
	EventFailed                        // an attempt to come back failed; another follows
	EventRestored                      // the name is registered again
)

// String returns the kind in lower case.
func (k EventKind) String() string {
	switch k {
	case EventLost:
		return "lost"
	case EventFailed:
		return "failed"
	case EventRestored:
		return "restored"
	}
	return fmt.Sprintf("event %d", int(k))
}

// Event is a change of a registration.
type Event struct {
	Kind EventKind
	Name string
	Addr string
	Err  error // why; nil with Restored
}

// String returns the event as a line for a log.
func (e Event) String() string {
	s := fmt.Sprintf("registration of %q at EPMD %s %v", e.Name, e.Addr, e.Kind)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Registration is a name announced by an EPMD. It holds for as long as its connection is open, so the connection is
// kept in a field here, and a goroutine reads it to learn when it ends. Methods may be called by several goroutines.
type Registration struct {
	options  RegisterOptions
	creation uint32
	cancel   context.CancelFunc
	done     chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// Register announces a name at an EPMD, and keeps it announced until Close: when the EPMD goes away, a goroutine tries
// to come back every two seconds, for ever, with the same name and port. ctx is for the first registration only.
//
// A name that is taken is a *[NameTakenError]; no EPMD is [ErrUnavailable]; a name that cannot be one is a
// *[NameError]. erl_epmd:register_node/3.
func Register(ctx context.Context, o RegisterOptions) (*Registration, error) {
	if err := o.checkAndComplete(); err != nil {
		return nil, err
	}
	conn, creation, err := o.register(ctx)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &Registration{options: o, creation: creation, cancel: cancel, done: make(chan struct{}), conn: conn}
	go r.run(life)
	return r, nil
}

// Creation returns the number that tells this incarnation of the node from earlier ones. It is that of the first
// registration; the EPMD's later ones are passed over, as a node cannot change its creation (erl_epmd, since OTP 23.3).
// An EPMD older than OTP 23 gives 1 to 3.
func (r *Registration) Creation() uint32 { return r.creation }

// Close gives up the name and waits until the EPMD has seen it, a second at most, and the goroutine has ended. Further
// calls do nothing. The error is always nil.
func (r *Registration) Close() error {
	r.mu.Lock()
	first, conn := !r.closed, r.conn
	r.closed = true
	r.mu.Unlock()
	if first {
		r.cancel()
		if half, ok := conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			_ = conn.Close() // run sees the end of the connection whatever Close says
		}
		_ = conn.SetReadDeadline(time.Now().Add(releaseTime)) // it fails only if the connection has ended
	}
	<-r.done
	return nil
}

// run keeps the registration until the context ends; it is the goroutine of r.
func (r *Registration) run(ctx context.Context) {
	defer close(r.done)
	for {
		err := r.awaitEnd()
		if ctx.Err() != nil {
			return
		}
		r.reportEvent(EventLost, err)
		if !r.registerAgain(ctx) {
			return
		}
	}
}

// awaitEnd waits until the connection has ended and returns why. It ignores what an EPMD sends, as erl_epmd does.
func (r *Registration) awaitEnd() error {
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	defer conn.Close()
	var b [64]byte
	for {
		if _, err := conn.Read(b[:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the EPMD closed the connection")
			}
			return err
		}
	}
}

// registerAgain tries until the name is registered again. It returns false if r was closed before that.
func (r *Registration) registerAgain(ctx context.Context) bool {
	wait := r.options.Retry
	if r.options.Revive != nil {
		wait /= 2
	}
	for ; ; wait = r.options.Retry {
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			pause.Stop()
			return false
		case <-pause.C:
		}
		conn, err := r.options.registerOrRevive(ctx)
		if err == nil {
			if !r.setConn(conn) {
				return false
			}
			r.reportEvent(EventRestored, nil)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		r.reportEvent(EventFailed, err)
	}
}

// setConn makes conn the connection of r. If r was closed meanwhile it closes conn and returns false.
func (r *Registration) setConn(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		_ = conn.Close() // nothing was sent that could be lost
		return false
	}
	r.conn = conn
	return true
}

func (r *Registration) reportEvent(k EventKind, err error) {
	if r.options.OnChange != nil {
		r.options.OnChange(Event{Kind: k, Name: r.options.Name, Addr: r.options.Addr, Err: err})
	}
}

// checkAndComplete checks the options and sets the defaults.
func (o *RegisterOptions) checkAndComplete() error {
	if err := checkOwnName(o.Name); err != nil {
		return err
	}
	if len(o.Extra) > maxExtra {
		return fmt.Errorf("epmd: RegisterOptions.Extra has %d bytes; %d are allowed", len(o.Extra), maxExtra)
	}
	if o.Port == 0 {
		return errors.New("epmd: RegisterOptions.Port is not set")
	}
	if o.Addr == "" {
		env, err := ReadEnv(os.Getenv)
		if err != nil {
			return err
		}
		o.Addr = env.Addr("127.0.0.1")
	}
	if o.Retry <= 0 {
		o.Retry = retryTime
	}
	return nil
}

// register registers once and returns the connection that holds the registration, and the creation.
func (o *RegisterOptions) register(ctx context.Context) (net.Conn, uint32, error) {
	req := alive2Req{port: o.Port, nodeType: TypeVisible, high: highVersion, low: lowVersion, name: o.Name, extra: o.Extra}
	if o.Hidden {
		req.nodeType = TypeHidden
	}
	var answer alive2Resp
	conn, err := o.Client.connectAndSend(ctx, o.Addr, req.append(nil), func(conn net.Conn) (err error) {
		answer, err = readAlive2Resp(conn)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if answer.result != resultOK {
		_ = conn.Close() // the EPMD would keep it
		return nil, 0, o.nameTakenError(ctx)
	}
	return conn, answer.creation, nil
}

// registerOrRevive registers once. If no EPMD answers it calls Revive and registers again.
func (o *RegisterOptions) registerOrRevive(ctx context.Context) (net.Conn, error) {
	conn, _, err := o.register(ctx)
	if o.Revive == nil || !errors.Is(err, ErrUnavailable) {
		return conn, err
	}
	if err := o.Revive(ctx); err != nil {
		return nil, err
	}
	conn, _, err = o.register(ctx)
	return conn, err
}

// nameTakenError asks who holds the name and returns the error. If the question fails too, the error says less.
func (o *RegisterOptions) nameTakenError(ctx context.Context) error {
	holder, err := o.Client.Lookup(ctx, o.Addr, o.Name)
	if err != nil {
		holder.Port = 0
	}
	return &NameTakenError{Name: o.Name, Addr: o.Addr, Port: holder.Port}
}

func readAlive2Resp(r io.Reader) (alive2Resp, error) {
	var b [6]byte
	if _, err := io.ReadFull(r, b[:1]); err != nil {
		if errors.Is(err, io.EOF) {
			err = &ProtocolError{Message: "ALIVE2_RESP",
				Reason: "closed without an answer; an EPMD registers nodes of its own host only"}
		}
		return alive2Resp{}, err
	}
	n, err := alive2RespSize(b[0])
	if err != nil {
		return alive2Resp{}, err
	}
	if _, err := io.ReadFull(r, b[1:n]); err != nil {
		return alive2Resp{}, err
	}
	return parseAlive2Resp(b[:n])
}
