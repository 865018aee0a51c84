package node

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// EndError says why a node has ended by itself, in the words of OTP's init. Reason is {application_terminated, Name,
// Reason} or {application_start_failure, Name, Reason} for an application that the node requires,
// {application_stopped, kernel}, or {kernel_pid_terminated, Name, Reason} for application_controller and kernel_sup.
type EndError struct{ Reason etf.Term }

func (e *EndError) Error() string { return "node: ended by itself: " + etf.FormatMax(e.Reason, 1000) }

const (
	// failTime is how long processes outside of applications may take to end when the node ends by itself. No caller of
	// Stop sets a limit then, and the supervisor of the program waits for the end before it starts the node again.
	failTime = 5 * time.Second
	// killedTime is how long callbacks of killed processes may still run before the node counts as stopped without them.
	killedTime = time.Second
)

// ending is the progress of the end of a node.
type ending struct {
	once     sync.Once
	kill     chan struct{} // closed when no time is left for an orderly end
	killOnce sync.Once
	stopped  chan struct{} // closed when only callbacks that do not return are left
	returned chan struct{} // closed when every goroutine has returned

	mu    sync.Mutex
	err   error
	limit time.Time // the deadline of the first caller of Stop; zero without a limit
}

func newEnding() ending {
	return ending{kill: make(chan struct{}), stopped: make(chan struct{}), returned: make(chan struct{})}
}

// limitTo notes the deadline of the caller of Stop.
func (e *ending) limitTo(ctx context.Context) {
	end, ok := ctx.Deadline()
	e.mu.Lock()
	defer e.mu.Unlock()
	if ok && (e.limit.IsZero() || end.Before(e.limit)) {
		e.limit = end
	}
}

// timeLeft returns the time until the limit. false means that there is no limit.
func (e *ending) timeLeft() (time.Duration, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Until(e.limit), !e.limit.IsZero()
}

// killRest has the processes that are left killed.
func (e *ending) killRest() { e.killOnce.Do(func() { close(e.kill) }) }

// Stop ends the node. Its servers end with reason shutdown, its connections close after what was sent has gone out,
// its name leaves EPMD, and every goroutine returns. Stop waits for callbacks that still run, until ctx ends: then the
// servers that are left are killed, and the error is the cause of ctx. Further calls wait for the same end. The first
// call whose ctx ends has the servers killed.
func (n *Node) Stop(ctx context.Context) error {
	n.yieldReaders()
	n.end.limitTo(ctx)
	n.end.once.Do(func() { go n.stop() })
	select {
	case <-n.end.returned:
		<-n.end.stopped // closed right after returned
		return nil
	case <-ctx.Done():
		n.end.killRest()
		return &waitError{"the end of the node", context.Cause(ctx)}
	}
}

// Close ends the node at once: its servers end without their Terminate, and what has not gone out to other nodes is
// lost. It returns when the node has stopped. It waits at most a second for callbacks that still run; the only error
// says that some did not return. Stop is the orderly way to end a node. After Stop or another Close it does nothing,
// so it may be deferred.
func (n *Node) Close() error {
	n.yieldReaders()
	n.end.killRest()
	n.end.once.Do(func() { go n.stop() })
	<-n.end.stopped
	select {
	case <-n.end.returned:
		return nil
	default:
		return errCallbacksRun
	}
}

var errCallbacksRun = errors.New("node: stopped, although callbacks still run")

// Done returns a channel that is closed when the node has stopped, by Stop, by Close or by itself (see Err). Callbacks
// that run for more than a second after their servers have been killed are not waited for.
func (n *Node) Done() <-chan struct{} { return n.end.stopped }

// Err returns why the node ends by itself, an *EndError, from the moment on in which that end begins. It returns nil
// while the node runs, and after Stop. A node ends with an application that it requires (AppPermanent, AppTransient),
// with application_controller, and when net_kernel, rex or release_handler end too often to be restarted. A BEAM does
// the same, so that the supervisor of the program starts it again.
func (n *Node) Err() error {
	n.end.mu.Lock()
	defer n.end.mu.Unlock()
	return n.end.err
}

// fail ends the node by itself, unless it is ending already.
func (n *Node) fail(reason etf.Term) {
	n.end.once.Do(func() {
		err := &EndError{reason}
		n.end.mu.Lock()
		n.end.err = err
		n.end.mu.Unlock()
		n.log.Error("the node ends by itself", "reason", err)
		go n.stop()
	})
}

func (n *Node) stop() {
	defer close(n.end.stopped)
	n.startMu.Lock()
	n.stopping = true
	n.startMu.Unlock()
	if n.registration != nil {
		_ = n.registration.Close()
	}
	if n.listener != nil {
		_ = n.listener.Close()
	}
	n.stopProcesses()
	n.cancel()
	n.closePeers()
	if mapper := n.mapper.Load(); mapper != nil {
		_ = mapper.Close()
	}
	go func() {
		defer close(n.end.returned)
		n.work.Wait()
	}()
	n.awaitRest()
}

// awaitRest waits for the goroutines of the node, but not for long if no time is left.
func (n *Node) awaitRest() {
	select {
	case <-n.end.returned:
		n.log.Info("node stopped")
		return
	case <-n.end.kill:
	}
	timer := time.NewTimer(killedTime)
	defer timer.Stop()
	select {
	case <-n.end.returned:
		n.log.Info("node stopped")
	case <-timer.C:
		n.log.Error("node stopped, although callbacks still run")
	}
}

// stopProcesses ends all processes as init:stop/0 does, in three steps. First it stops the applications, the last one
// first. Then it ends what else the program or other nodes have started; these processes end their own children. Then
// it ends all that are left. Processes that have not ended when the time is over are killed.
func (n *Node) stopProcesses() {
	n.shutDown(func(p *process) bool { return n.registry.hasName(p, application.ControllerName) })
	if n.Err() != nil {
		defer time.AfterFunc(failTime, n.end.killRest).Stop()
	}
	n.shutDown(func(p *process) bool { // masters whose controller was killed
		return application.IsMaster(p.loop.Code())
	})
	n.shutDown(func(p *process) bool {
		return (p.parent == p.pid || p.parent.Node != n.name) && !n.registry.hasName(p, kernel.SupervisorName)
	})
	n.startMu.Lock()
	n.sealed = true
	n.startMu.Unlock()
	n.shutDown(func(p *process) bool { return n.registry.hasName(p, kernel.SupervisorName) })
	n.shutDown(func(*process) bool { return true })
}

// shutDown tells processes to shut down, as a supervisor does, and waits for their end.
func (n *Node) shutDown(which func(*process) bool) {
	all := n.registry.all()
	all = slices.DeleteFunc(all, func(p *process) bool { return !which(p) })
	for _, p := range all {
		p.shutdown()
	}
	for _, p := range all {
		select {
		case <-p.done():
		case <-n.end.kill:
			p.exit(killed)
			<-p.done()
		}
	}
}
