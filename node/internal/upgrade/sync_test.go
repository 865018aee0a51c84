package upgrade

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// meeting is a node that meets others at sync_nodes. Only what Sync asks for is there.
type meeting struct {
	Node
	unreachable etf.Atom
	sent        []string
	down        chan etf.Atom
	wake        chan struct{}
	stopped     context.Context
}

func newMeeting(t *testing.T) (*meeting, context.CancelCauseFunc) {
	ctx, stop := context.WithCancelCause(t.Context())
	return &meeting{down: make(chan etf.Atom, 8), wake: make(chan struct{}, 8), stopped: ctx}, stop
}

func (m *meeting) Name() etf.Atom { return "self@h" }

func (m *meeting) Send(_ context.Context, to, msg etf.Term) error {
	if etf.Equal(to, etf.Tuple{etf.Atom("release_handler"), m.unreachable}) {
		return errors.New("nobody there")
	}
	m.sent = append(m.sent, etf.Format(to)+" "+etf.Format(msg))
	return nil
}

func (m *meeting) NodesDown(context.Context) NodesDown { return m }
func (m *meeting) Wake() <-chan struct{}               { return m.wake }
func (m *meeting) Close()                              { close(m.down) }

func (m *meeting) Take() (node etf.Atom, ok bool) {
	select {
	case node = <-m.down:
		return node, true
	default:
		return "", false
	}
}

func (m *meeting) UntilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	forget := context.AfterFunc(m.stopped, func() { cancel(context.Cause(m.stopped)) })
	return ctx, func() { forget(); cancel(nil) }
}

func TestNodesWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMeeting(t)
		h := NewHost(m)
		id := etf.Tuple{etf.Atom("id"), etf.Int(1)}
		h.syncs.add(id, "b@h") // before this node has come to the point
		done := make(chan error, 1)
		go func() { done <- h.Sync(t.Context(), id, []etf.Atom{"self@h", "b@h", "c@h"}) }()
		synctest.Wait()
		require.Equal(t, []string{"{release_handler,b@h} {sync_nodes,{id,1},self@h}",
			"{release_handler,c@h} {sync_nodes,{id,1},self@h}"}, m.sent)
		h.syncs.add(etf.Atom("another"), "c@h")
		synctest.Wait()
		require.Empty(t, done)
		h.syncs.add(id, "c@h")
		require.NoError(t, <-done)
		require.Len(t, h.syncs.arrived, 1, "what somebody else waits for is left")
	})
}

func TestANodeThatGoesDownEndsTheMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMeeting(t)
		done := make(chan error, 1)
		go func() { done <- NewHost(m).Sync(t.Context(), etf.Int(1), []etf.Atom{"b@h", "c@h"}) }()
		synctest.Wait()
		m.down <- "d@h"
		m.wake <- struct{}{}
		synctest.Wait()
		require.Empty(t, done, "a node that nobody waits for")
		m.down <- "b@h"
		m.wake <- struct{}{}
		require.Equal(t, "{error,{sync_error,{nodedown,b@h}}}", etf.Format(okAnswer(<-done)))
	})
	m, _ := newMeeting(t)
	m.unreachable = "c@h"
	err := NewHost(m).Sync(t.Context(), etf.Int(1), []etf.Atom{"b@h", "c@h"})
	require.Equal(t, "{error,{sync_error,{nodedown,c@h}}}", etf.Format(okAnswer(err)))
}

func TestTheEndOfTheNodeEndsTheMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, stop := newMeeting(t)
		done := make(chan error, 1)
		go func() { done <- NewHost(m).Sync(t.Context(), etf.Int(1), []etf.Atom{"b@h"}) }()
		synctest.Wait()
		stopped := errors.New("the node has stopped")
		stop(stopped)
		require.ErrorIs(t, <-done, stopped)
	})
}
