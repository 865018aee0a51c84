package genserv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

func TestACodeChangeIsRehearsedWithoutATrace(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	for extra, want := range map[etf.Atom]string{"": "", "refuse": "{error,<<\"too old\">>}",
		"fail": "{'EXIT',{failed,'Stack'}}"} {
		rehearse, err := w.loop.Rehearse(atom("1"), genserv.Of(v2{}), extra, false)
		require.NoError(t, err)
		if err := rehearse(); want == "" {
			require.NoError(t, err)
		} else {
			var failed *driver.ChangeError
			require.ErrorAs(t, err, &failed)
			require.Contains(t, []string{want, "{'EXIT',{{panic,<<\"failed\">>},'Stack'}}"},
				etf.Format(withoutStacks(failed.Reason)))
		}
	}
	require.Equal(t, "{v1,4}", calls(t, w))
}

// shared is a server whose state is changed in place, and which can copy it.
type shared struct{ of[*int] }

func (shared) CopyState(n *int) *int { c := *n; return &c }

func (shared) CodeChange(_ etf.Term, old any, extra etf.Term) (*int, error) {
	n := old.(*int)
	*n *= 2
	return n, nil
}

func TestAStateThatCanBeCopiedIsRehearsedOnACopy(t *testing.T) {
	n := 4
	w := startVersion(genserv.Of(shared{of[*int]{&n}}))
	rehearse, err := w.loop.Rehearse(nil, genserv.Of(shared{}), nil, true)
	require.NoError(t, err)
	require.NoError(t, rehearse())
	require.Equal(t, 4, n)
}

func TestTheCodeOfAServerIsKnown(t *testing.T) {
	first, second := genserv.Of(v1{of[int]{4}}), genserv.Of(v2{})
	require.Equal(t, "int", first.StateType())
	require.Equal(t, "github.com/gonode-otp/gonode/genserv_test.stateV2", second.StateType())
	w := startVersion(first)
	require.Equal(t, first, w.loop.Code())
	w.loop.Suspend()
	undo, err := w.loop.ChangeCode(atom("1"), second, nil)
	require.NoError(t, err)
	require.Equal(t, second, w.loop.Code())
	undo()
	require.Equal(t, first, w.loop.Code())
}

func TestSysChangeCodeGoesOnWithTheCodeThatTheNodeNames(t *testing.T) {
	first, second := genserv.Of(v1{of[int]{4}}), genserv.Of(v2{})
	host := &driver.Host{NextCode: func(code driver.Module, oldVsn etf.Term) (driver.Module, bool) {
		if etf.Equal(oldVsn, atom("same")) {
			return nil, false
		}
		if code == first {
			return second, true
		}
		return first, false
	}}
	w := &testEnv{}
	w.start(first, nil, driver.Options{Host: host})
	w.send(system(1, atom("suspend")))
	require.Equal(t, `{error,{error,{too_old,1}}}`, debugged(t, w, "{change_code,versioned,1,refuse_with}"))
	require.Equal(t, `ok`, debugged(t, w, "{change_code,versioned,1,[]}"))
	require.Equal(t, `{error,{error,<<"too old">>}}`, debugged(t, w, "{change_code,versioned,same,[]}"),
		"the new code is asked, and knows no state of its own type")
	require.Equal(t, `{error,{bad_state,<<"string">>}}`, debugged(t, w, "{change_code,versioned,{down,1},wrong}"))
	require.Equal(t, `ok`, debugged(t, w, "{change_code,versioned,{down,1},[]}"))
	w.send(system(2, atom("resume")))
	require.Equal(t, "{v1,4}", calls(t, w))
}

// static is a server whose state is made by the code that is loaded, whichever way it goes.
type static struct {
	of[int]
	add int
}

func (s static) CodeChange(_ etf.Term, old any, _ etf.Term) (int, error) {
	return old.(int) + s.add, nil
}

func TestCodeThatIsLoadedBeforeMakesTheStateOnTheWayDown(t *testing.T) {
	newer, older := genserv.Of(static{of[int]{4}, 100}), genserv.Of(static{add: 1})
	w := startVersion(newer)
	w.loop.Suspend()
	undo, err := w.loop.ChangeLoaded(down, older, nil)
	require.NoError(t, err)
	require.Equal(t, 5, w.loop.Value())
	undo()
	require.Equal(t, 4, w.loop.Value())
	_, err = w.loop.ChangeCode(down, older, nil)
	require.NoError(t, err)
	require.Equal(t, 104, w.loop.Value(), "without that the newer code does")

	w = startVersion(genserv.Of(v2{of[stateV2]{stateV2{70}}}))
	w.loop.Suspend()
	_, err = w.loop.ChangeLoaded(down, genserv.Of(v1{}), nil)
	require.NoError(t, err)
	require.Equal(t, 7, w.loop.Value(), "a Downgrade is asked in any case")
}
