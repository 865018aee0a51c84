package genserv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// of is a server with any state.
type of[S any] struct{ state S }

func (o of[S]) Init(*genserv.Process, etf.Term) genserv.InitResult[S] { return genserv.Ok(o.state) }

func (o of[S]) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s S) genserv.Result[S] {
	return genserv.Reply(nil, s)
}

// stateOf returns how the state of a server is shown.
func stateOf[S any](t *testing.T, server genserv.Server[S]) etf.Term {
	w := &testEnv{}
	w.start(genserv.Of(server), nil, driver.Options{})
	w.send(system(1, atom("get_state")))
	require.Len(t, w.sent, 1)
	answer := w.sent[0].msg.(etf.Tuple)[1].(etf.Tuple)
	require.Equal(t, atom("ok"), answer[0])
	return answer[1]
}

type account struct {
	Owner string
	Cents int
}

type ownTerm struct{ secret string }

func (o *ownTerm) StateTerm() etf.Term { return etf.Tuple{atom("own"), etf.Int(len(o.secret))} }

type brokenTerm struct{}

func (brokenTerm) StateTerm() etf.Term { panic("broken") }

// showing shows every state in the same way.
type showing struct{ of[account] }

func (showing) ShowState(a account) etf.Term { return etf.Binary(a.Owner) }

func TestAStateIsShownAsATerm(t *testing.T) {
	require.Equal(t, etf.Int(5), stateOf(t, of[etf.Term]{etf.Int(5)}))
	require.Equal(t, etf.Atom("ready"), stateOf(t, of[etf.Atom]{"ready"}))
	require.Equal(t, etf.Int(42), stateOf(t, of[int]{42}))
	require.Equal(t, etf.Atom("undefined"), stateOf(t, of[etf.Term]{}))
	require.Equal(t, etf.Atom("undefined"), stateOf(t, of[*account]{}))
	for _, shown := range []etf.Term{stateOf(t, of[account]{account{"Ada", 5}}),
		stateOf(t, of[*account]{&account{"Ada", 5}})} {
		require.True(t, etf.Equal(parse(t, `#{owner => <<"Ada">>, cents => 5}`), shown), "%s", etf.Format(shown))
	}
	require.Equal(t, "{own,3}", etf.Format(stateOf(t, of[*ownTerm]{&ownTerm{"abc"}})))
	require.Equal(t, etf.Binary("Ada"), stateOf(t, showing{of[account]{account{"Ada", 5}}}))
}

func TestAStateThatIsNoTermIsNamedInstead(t *testing.T) {
	require.Regexp(t, `^{no_term,<<"chan int">>,<<".+">>}$`, etf.Format(stateOf(t, of[chan int]{make(chan int)})))
	require.Regexp(t, `^{no_term,<<"genserv_test.brokenTerm">>,<<"{{panic,<<\\"broken\\">>},.*">>}$`,
		etf.Format(stateOf(t, of[brokenTerm]{})))
}

func TestTheStatusOfAServerIsNamedAsItIsCalled(t *testing.T) {
	for _, test := range []struct {
		name etf.Term
		want string
	}{
		{nil, `{header,"Status for generic server <0.100.0>"}`},
		{atom("worker"), `{header,"Status for generic server worker"}`},
		{etf.Tuple{atom("shard"), etf.Int(5)}, `{header,{"Status for generic server",{shard,5}}}`},
	} {
		w := startScripted(t, driver.Options{Name: test.name})
		require.Contains(t, debugged(t, w, "get_status"), test.want)
	}
}

// careful formats only what it was asked for, by leaving fields out.
type careful struct{ of[account] }

func (careful) FormatStatus(s genserv.Status, a account) genserv.Status {
	return genserv.Status{State: etf.Binary(a.Owner)}
}

func (careful) HandleCast(_ *genserv.Process, _ etf.Term, a account) genserv.Result[account] {
	return genserv.Stop(atom("oops"), a)
}

func TestWhatFormatStatusLeavesOutIsShownAsItIs(t *testing.T) {
	w := &testEnv{}
	w.start(genserv.Of(careful{of[account]{account{"Ada", 5}}}), nil,
		driver.Options{Name: atom("n"), Debug: etf.List{atom("log")}})
	require.Contains(t, debugged(t, w, "get_status"), `{data,[{"State",<<"Ada">>}]}`)
	w.take()
	w.send(driver.CastMessage(atom("x")))
	require.Equal(t, []string{
		`report({'$gen_cast',x},<<"Ada">>,[{in,{'$gen_cast',x}}],oops,undefined)`, `exit(oops)`,
	}, eventLines(w.take()))
}
