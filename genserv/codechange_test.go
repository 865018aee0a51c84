package genserv_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// The three versions of a server: an integer, then a struct, then a struct with one more field.
type (
	v1 struct{ of[int] }
	v2 struct{ of[stateV2] }
	v3 struct{ of[stateV3] }

	stateV2 struct{ N int }
	stateV3 struct{ N, M int }
)

func (v1) ModuleName() etf.Atom { return "versioned" }
func (v2) ModuleName() etf.Atom { return "versioned" }
func (v3) ModuleName() etf.Atom { return "versioned" }

func (v1) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Tuple{atom("v1"), etf.Int(n)}, n+1)
}

func (v2) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s stateV2) genserv.Result[stateV2] {
	return genserv.Reply(etf.Tuple{atom("v2"), etf.Int(s.N)}, stateV2{s.N + 1})
}

func (v3) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s stateV3) genserv.Result[stateV3] {
	return genserv.Reply(etf.Tuple{atom("v3"), etf.Int(s.N), etf.Int(s.M)}, s)
}

var errTooOld = errors.New("too old")

func (v2) CodeChange(oldVsn etf.Term, oldState any, extra etf.Term) (stateV2, error) {
	switch extra {
	case atom("refuse"):
		return stateV2{}, errTooOld
	case atom("refuse_with"):
		return stateV2{}, &genserv.Exit{Reason: etf.Tuple{atom("too_old"), oldVsn}}
	case atom("fail"):
		panic("failed")
	}
	n, ok := oldState.(int)
	if !ok {
		return stateV2{}, errTooOld
	}
	return stateV2{n * 10}, nil
}

func (v2) Downgrade(vsn etf.Term, s stateV2, extra etf.Term) (any, error) {
	switch extra {
	case atom("refuse"):
		return nil, errTooOld
	case atom("fail"):
		panic("failed")
	case atom("wrong"):
		return "a string", nil
	}
	return s.N / 10, nil
}

// calls tells what the running version answers.
func calls(t *testing.T, w *testEnv) string {
	w.sent = nil
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	require.Len(t, w.sent, 1)
	return etf.Format(w.sent[0].msg.(etf.Tuple)[1])
}

func startVersion(m genserv.Module) *testEnv {
	w := &testEnv{}
	w.start(m, nil, driver.Options{})
	return w
}

func TestAnUpgradeConvertsTheStateAndSwapsTheCode(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	require.Equal(t, "{v1,4}", calls(t, w))
	w.loop.Suspend()
	undo, err := w.loop.ChangeCode(atom("1"), genserv.Of(v2{}), nil)
	require.NoError(t, err)
	require.NotNil(t, undo)
	w.drive(w.loop.Resume())
	require.Equal(t, "{v2,50}", calls(t, w))
	require.Equal(t, "{v2,51}", calls(t, w))
}

func TestAnUpgradeCanBeUndone(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	w.loop.Suspend()
	undo, err := w.loop.ChangeCode(atom("1"), genserv.Of(v2{}), nil)
	require.NoError(t, err)
	undo()
	w.drive(w.loop.Resume())
	require.Equal(t, "{v1,4}", calls(t, w))
}

func TestCallsThatCameDuringAnUpgradeAreServedByTheNewCode(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	w.loop.Suspend()
	w.send(driver.CallMessage(client, etf.Int(7), nil))
	_, err := w.loop.ChangeCode(atom("1"), genserv.Of(v2{}), nil)
	require.NoError(t, err)
	w.drive(w.loop.Resume())
	require.Equal(t, "{7,{v2,40}}", etf.Format(w.sent[0].msg))
}

func TestAFailedUpgradeChangesNothing(t *testing.T) {
	for _, test := range []struct {
		extra string
		check func(t *testing.T, err error)
	}{
		{"refuse", func(t *testing.T, err error) { require.ErrorIs(t, err, errTooOld) }},
		{"refuse_with", func(t *testing.T, err error) {
			require.ErrorIs(t, err, &genserv.Exit{Reason: etf.Tuple{atom("too_old"), etf.Int(1)}})
		}},
		{"fail", func(t *testing.T, err error) {
			var exit *genserv.Exit
			require.ErrorAs(t, err, &exit)
			require.Equal(t, `{{panic,<<"failed">>},'Stack'}`, etf.Format(withoutStacks(exit.Reason)))
		}},
	} {
		t.Run(test.extra, func(t *testing.T) {
			w := startVersion(genserv.Of(v1{of[int]{4}}))
			w.loop.Suspend()
			undo, err := w.loop.ChangeCode(etf.Int(1), genserv.Of(v2{}), atom(test.extra))
			require.Nil(t, undo)
			test.check(t, err)
			w.drive(w.loop.Resume())
			require.Equal(t, "{v1,4}", calls(t, w))
		})
	}
}

func TestAnUpgradeToAServerWithoutCodeChangeIsUndef(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	w.loop.Suspend()
	_, err := w.loop.ChangeCode(nil, genserv.Of(v3{}), nil)
	require.EqualError(t, err, "exit: {undef,[{versioned,code_change,[undefined,4,undefined],[]}]}")
}

func TestCodeOfARunningServerIsNotChanged(t *testing.T) {
	w := startVersion(genserv.Of(v1{}))
	_, err := w.loop.ChangeCode(nil, genserv.Of(v2{}), nil)
	require.ErrorIs(t, err, driver.ErrNotSuspended)
	_, err = w.loop.LoadCode(genserv.Of(v2{}))
	require.ErrorIs(t, err, driver.ErrNotSuspended)
}

var down = etf.Tuple{etf.Atom("down"), etf.Int(1)}

func TestADowngradeIsMadeByTheCodeThatKnowsBothStates(t *testing.T) {
	w := startVersion(genserv.Of(v2{of[stateV2]{stateV2{70}}}))
	w.loop.Suspend()
	undo, err := w.loop.ChangeCode(down, genserv.Of(v1{}), nil)
	require.NoError(t, err)
	w.drive(w.loop.Resume())
	require.Equal(t, "{v1,7}", calls(t, w))

	w.loop.Suspend()
	undo()
	w.drive(w.loop.Resume())
	require.Equal(t, "{v2,70}", calls(t, w))
}

func TestAFailedDowngradeChangesNothing(t *testing.T) {
	for _, extra := range []string{"refuse", "fail", "wrong"} {
		w := startVersion(genserv.Of(v2{of[stateV2]{stateV2{70}}}))
		w.loop.Suspend()
		_, err := w.loop.ChangeCode(down, genserv.Of(v1{}), atom(extra))
		require.Error(t, err)
		if extra == "wrong" {
			var wrong *driver.StateTypeError
			require.ErrorAs(t, err, &wrong)
			require.EqualError(t, err, "genserv: versioned cannot run with a state of type string")
		}
		w.drive(w.loop.Resume())
		require.Equal(t, "{v2,70}", calls(t, w))
	}
}

// same is a server whose versions have the same state type, so that its CodeChange also goes down.
type same struct {
	of[int]
	vsn int
}

func (s same) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Tuple{etf.Int(s.vsn), etf.Int(n)}, n)
}

func (same) CodeChange(oldVsn etf.Term, old any, extra etf.Term) (int, error) {
	if extra == atom("refuse") {
		return 0, errTooOld
	}
	if _, down := oldVsn.(etf.Tuple); down {
		return old.(int) - 100, nil
	}
	return old.(int) + 100, nil
}

func TestACodeChangeOfOneStateTypeGoesBothWays(t *testing.T) {
	w := startVersion(genserv.Of(same{of[int]{5}, 1}))
	w.loop.Suspend()
	_, err := w.loop.ChangeCode(etf.Int(1), genserv.Of(same{vsn: 2}), nil)
	require.NoError(t, err)
	w.drive(w.loop.Resume())
	require.Equal(t, "{2,105}", calls(t, w))

	w.loop.Suspend()
	_, err = w.loop.ChangeCode(down, genserv.Of(same{vsn: 1}), atom("refuse"))
	require.ErrorIs(t, err, errTooOld)
	_, err = w.loop.ChangeCode(down, genserv.Of(v3{}), nil)
	require.EqualError(t, err, "genserv: versioned cannot run with a state of type int")
	undo, err := w.loop.ChangeCode(down, genserv.Of(same{vsn: 1}), nil)
	require.NoError(t, err)
	undo()
	require.Equal(t, etf.Int(105), w.loop.State(), "the state that CodeChange made for the older code is forgotten, too")
	_, err = w.loop.ChangeCode(down, genserv.Of(same{vsn: 1}), nil)
	require.NoError(t, err)
	w.drive(w.loop.Resume())
	require.Equal(t, "{1,5}", calls(t, w))
}

func TestNewCodeMayBeLoadedWithoutAChangeOfState(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	w.loop.Suspend()
	undo, err := w.loop.LoadCode(genserv.Of(same{vsn: 2}))
	require.NoError(t, err)
	w.drive(w.loop.Resume())
	require.Equal(t, "{2,4}", calls(t, w))
	w.loop.Suspend()
	undo()
	w.drive(w.loop.Resume())
	require.Equal(t, "{v1,4}", calls(t, w))
	w.loop.Suspend()
	_, err = w.loop.LoadCode(genserv.Of(v3{}))
	require.EqualError(t, err, "genserv: versioned cannot run with a state of type int")
}

func TestSysChangeCodeTellsTheErrorOfCodeChange(t *testing.T) {
	w := startVersion(genserv.Of(v2{of[stateV2]{stateV2{70}}}))
	w.send(system(1, atom("suspend")))
	require.Equal(t, `{error,{error,<<"too old">>}}`, debugged(t, w, "{change_code,versioned,1,extra}"))
	require.Equal(t, `{error,{error,{too_old,1}}}`, debugged(t, w, "{change_code,versioned,1,refuse_with}"))
}
