package upgrade

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// fakeHost is a node whose lock holder is, if any, a process with a name.
type fakeHost struct {
	holder etf.Tuple // {Pid, Who}; nil if nobody holds the lock
	ended  int       // how often the holder ends before it answers
}

func (h *fakeHost) Spawn(_ context.Context, child genserv.Child) (etf.Pid, error) {
	if h.holder != nil {
		return etf.Pid{}, &genserv.AlreadyStarted{}
	}
	h.holder = child.Args.(etf.Tuple)
	return etf.Pid{ID: 99}, nil
}

func (h *fakeHost) Call(_ context.Context, to, request etf.Term) (etf.Term, error) {
	if h.holder == nil {
		return nil, &genserv.CallFailure{To: to, Err: genserv.ErrNoProc}
	}
	if h.ended > 0 {
		h.ended--
		h.holder = nil
		return nil, &genserv.CallFailure{To: to, Err: genserv.ErrNoProc}
	}
	return h.holder, nil
}

func pid(id uint32) etf.Pid { return etf.Pid{Node: "a@h", ID: id, Creation: 1} }

func TestOneHoldsTheLockAndTheOtherIsToldWho(t *testing.T) {
	h := &fakeHost{}
	answer, err := Lock(t.Context(), h, pid(1), etf.Atom("me"))
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Atom("ok")), answer)
	answer, err = Lock(t.Context(), h, pid(1), etf.Atom("me"))
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Atom("ok")), answer, "who holds it already has it")
	answer, err = Lock(t.Context(), h, pid(2), etf.Atom("other"))
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("locked"), pid(1), etf.Atom("me")}}), answer)
}

func TestALockWhoseHolderEndsMeanwhileIsAskedForAgain(t *testing.T) {
	h := &fakeHost{holder: etf.Tuple{pid(1), etf.Atom("gone")}, ended: 1}
	answer, err := Lock(t.Context(), h, pid(2), etf.Atom("me"))
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Atom("ok")), answer)
	require.Equal(t, etf.Tuple{pid(2), etf.Atom("me")}, h.holder)
}

func TestALockThatNobodyHoldsIsNotGivenBack(t *testing.T) {
	answer, err := Unlock(t.Context(), &fakeHost{}, pid(1))
	require.NoError(t, err)
	require.Equal(t, "{error,not_locked}", etf.Format(answer))
}

// peers answers release_handler:which_releases/0 for several nodes.
type peers map[etf.Atom]string

func (peers) Spawn(context.Context, genserv.Child) (etf.Pid, error) { return etf.Pid{}, nil }

func (p peers) Call(_ context.Context, to, _ etf.Term) (etf.Term, error) {
	text, ok := p[to.(etf.Tuple)[1].(etf.Atom)]
	if !ok {
		return nil, errors.New("nobody there")
	}
	return etf.Parse(text)
}

func TestOfTheReleasesOfAPeerThePermanentOneCounts(t *testing.T) {
	p := peers{
		"good@h":  `[{"rel","2",[],current},{"rel","1",[],permanent}]`,
		"none@h":  `[{"rel","2",[],current}]`,
		"other@h": `{badrpc,nodedown}`,
		"odd@h":   `[{"rel",7,[],permanent},x]`,
	}
	vsn, err := permanentOf(t.Context(), p, "good@h")
	require.NoError(t, err)
	require.Equal(t, "1", vsn)
	for _, peer := range []etf.Atom{"none@h", "other@h", "odd@h", "away@h"} {
		_, err := permanentOf(t.Context(), p, peer)
		require.Error(t, err, peer)
	}
}

// The first who asks for the lock of a node holds it.
func ExampleLock() {
	host := &fakeHost{} // the node
	answer, err := Lock(context.Background(), host, pid(1), etf.Atom("operator"))
	fmt.Println(answer, err)
	// Output: ok <nil>
}
