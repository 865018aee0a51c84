package genserv_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// owner is a server whose states own something: opened and closed count what they do.
type owner struct {
	of[*handle]
	opened, closed *[]string
}

type handle struct{ name string }

func (owner) CopyState(h *handle) *handle { return h }

func (o owner) CodeChange(p *genserv.Process, oldVsn etf.Term, _ any, extra etf.Term) (*handle, error) {
	if etf.IsAtom(extra, "fail") {
		return nil, errors.New("nothing was opened")
	}
	p.SendAfter(time.Second, p.Self(), atom("tick"))
	ref, err := p.Monitor(client)
	if err != nil {
		return nil, err
	}
	_, known := p.Get(ref)
	h := &handle{"of " + etf.Format(oldVsn)}
	*o.opened = append(*o.opened, h.name)
	if known {
		return nil, errors.New("known")
	}
	return h, p.TrySend(client, etf.Tuple{atom("changed"), nil})
}

func (o owner) EndCodeChange(_ *genserv.Process, kept bool, old, made any) {
	given := made
	if kept {
		given = old
	}
	*o.closed = append(*o.closed, given.(*handle).name)
}

func (o owner) Terminate(_ *genserv.Process, _ etf.Term, h *handle) {
	*o.closed = append(*o.closed, h.name)
}

func startOwner() (w *testEnv, next genserv.Module, opened, closed *[]string) {
	opened, closed = new([]string), new([]string)
	o := owner{of[*handle]{&handle{"first"}}, opened, closed}
	return startVersion(genserv.Of(o)), genserv.Of(o), opened, closed
}

func TestACodeChangeUsesItsProcess(t *testing.T) {
	w, next, _, _ := startOwner()
	w.loop.Suspend()
	_, err := w.loop.ChangeCode(atom("1"), next, nil)
	require.NoError(t, err)
	require.Len(t, w.timers, 1)
	require.Equal(t, atom("changed"), w.sent[len(w.sent)-1].msg.(etf.Tuple)[0])
}

func TestAServerIsToldWhatBecomesOfItsCodeChange(t *testing.T) {
	w, next, opened, closed := startOwner()
	w.loop.Suspend()
	undo, err := w.loop.ChangeCode(atom("1"), next, nil)
	require.NoError(t, err)
	require.True(t, w.loop.Undecided())
	require.Empty(t, *closed)
	undo()
	require.Equal(t, []string{"of '1'"}, *closed, "what was made is given up")
	require.False(t, w.loop.Undecided())

	_, err = w.loop.ChangeCode(atom("2"), next, nil)
	require.NoError(t, err)
	_, err = w.loop.ChangeCode(atom("3"), next, nil)
	require.NoError(t, err)
	_, err = w.loop.LoadCode(next)
	require.NoError(t, err)
	w.loop.KeepCodeChanges()
	w.loop.KeepCodeChanges()
	require.Equal(t, []string{"of '1'", "first", "of '2'"}, *closed, "each once, in order")
	require.Len(t, *opened, 3)

	_, err = w.loop.ChangeCode(atom("4"), next, atom("fail"))
	require.ErrorContains(t, err, "nothing was opened")
	require.False(t, w.loop.Undecided())
}

func TestAServerThatEndsBeforeItIsKnownReleasesWhatItHad(t *testing.T) {
	w, next, _, closed := startOwner()
	w.loop.Suspend()
	_, err := w.loop.ChangeCode(atom("1"), next, nil)
	require.NoError(t, err)
	w.send(system(1, etf.Tuple{atom("terminate"), atom("normal")}))
	require.Equal(t, []string{"first", "of '1'"}, *closed)
}

func TestACodeChangeByHandIsKeptAtOnce(t *testing.T) {
	w, _, _, closed := startOwner()
	w.loop.Suspend()
	w.send(system(1, etf.Tuple{atom("change_code"), atom("owner"), atom("1"), nil}))
	require.Equal(t, []string{"first"}, *closed)
}

func TestARehearsalOfACodeChangeTouchesNobodyElse(t *testing.T) {
	w, next, opened, closed := startOwner()
	rehearse, err := w.loop.Rehearse(atom("1"), next, nil, false)
	require.NoError(t, err)
	before := len(w.sent)
	require.NoError(t, rehearse())
	require.Equal(t, *opened, *closed)
	require.Empty(t, w.timers)
	require.Len(t, w.sent, before)
	require.False(t, w.loop.Undecided())
}

// phoning is a server whose code change calls another server.
type phoning struct{ of[int] }

func (phoning) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (int, error) {
	_, err := p.Call(context.Background(), client, atom("hello"))
	return old.(int), err
}

func TestACodeChangeThatCallsOthersIsNotTried(t *testing.T) {
	w := startVersion(genserv.Of(phoning{}))
	rehearse, err := w.loop.Rehearse(atom("1"), genserv.Of(phoning{}), nil, false)
	require.NoError(t, err)
	var untried *driver.UntriedError
	require.ErrorAs(t, rehearse(), &untried)
	w = startVersion(genserv.Of(of[[]int]{}))
	_, err = w.loop.Rehearse(atom("1"), genserv.Of(of[[]int]{}), nil, false)
	require.ErrorAs(t, err, &untried)
	require.Contains(t, untried.Why, "StateCopier")
}
