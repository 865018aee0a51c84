package genserv_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// parse reads a term of a test.
func parse(t testing.TB, text string) etf.Term {
	term, err := etf.Parse(text)
	require.NoError(t, err)
	return term
}

// startScripted starts a scripted server that says {ok,0} and forgets what was noted so far.
func startScripted(t testing.TB, o driver.Options) *testEnv {
	w := &testEnv{}
	w.start(genserv.Of(actor{w}), parse(t, "{return,{ok,0}}"), o)
	w.take()
	return w
}

func system(tag int, request etf.Term) etf.Term {
	return driver.SystemMessage(client, etf.Int(tag), request)
}

func TestAHundredThousandMessagesAreKeptWhileSuspendedAndComeBackInOrder(t *testing.T) {
	const n = 100_000
	server := &recorder{}
	w := &testEnv{}
	w.start(genserv.Of(server), nil, driver.Options{})
	w.send(system(1, atom("suspend")))
	for i := range n {
		next := w.loop.Handle(driver.CastMessage(etf.Int(i)))
		require.Equal(t, driver.Next{Wait: -1}, next, "a suspended server waits and does not spin")
	}
	require.Equal(t, n, w.loop.Kept())
	require.Empty(t, server.seen)
	w.send(system(2, atom("resume")))
	require.Zero(t, w.loop.Kept())
	require.Len(t, server.seen, n)
	for i, msg := range server.seen {
		require.Equal(t, etf.Int(i), msg)
	}
}

// recorder remembers its casts.
type recorder struct{ seen []etf.Term }

func (*recorder) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (*recorder) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Int(n), n)
}

func (r *recorder) HandleCast(_ *genserv.Process, msg etf.Term, n int) genserv.Result[int] {
	r.seen = append(r.seen, msg)
	return genserv.NoReply(n + 1)
}

func TestEveryKeptMessageIsAStepSoThatADriverCanStopInBetween(t *testing.T) {
	server := &recorder{}
	w := &testEnv{}
	w.start(genserv.Of(server), nil, driver.Options{})
	w.loop.Handle(system(1, atom("suspend")))
	for i := range 3 {
		w.loop.Handle(driver.CastMessage(etf.Int(i)))
	}
	next := w.loop.Handle(system(2, atom("resume")))
	require.Equal(t, driver.Next{Again: true}, next)
	require.Empty(t, server.seen)
	for i := range 3 {
		require.True(t, next.Again)
		next = w.loop.Timeout()
		require.Len(t, server.seen, i+1)
	}
	require.Equal(t, driver.Next{Wait: -1}, next)
}

func TestADriverThatDoesNotLookAtAgainStillGetsTheRightOrder(t *testing.T) {
	w := &testEnv{}
	w.loop = genserv.NewLoop(genserv.Of(actor{w}), w, driver.Options{})
	_, next, _ := w.loop.Start(parse(t, "{return,{ok,0,{continue,{return,{noreply,1,{continue,{return,{noreply,2}}}}}}}}"))
	require.True(t, next.Again)
	w.loop.Handle(atom("hello"))
	require.Equal(t, []string{
		"init({return,{ok,0,{continue,{return,{noreply,1,{continue,{return,{noreply,2}}}}}}}})",
		"handle_continue({return,{noreply,1,{continue,{return,{noreply,2}}}}},0)",
		"handle_continue({return,{noreply,2}},1)",
		"handle_info(hello,2)",
	}, eventLines(w.take()))
}

func TestMessagesThatComeBeforeTheStartAreKept(t *testing.T) {
	server := &recorder{}
	w := &testEnv{}
	w.loop = genserv.NewLoop(genserv.Of(server), w, driver.Options{})
	require.Equal(t, driver.Next{Wait: -1}, w.loop.Handle(driver.CastMessage(etf.Int(1))))
	require.Equal(t, driver.Next{Wait: -1}, w.loop.Handle(system(1, atom("get_state"))))
	require.Equal(t, driver.Next{Wait: -1}, w.loop.Timeout())
	_, next, _ := w.loop.Start(nil)
	w.drive(next)
	require.Equal(t, []etf.Term{etf.Int(1)}, server.seen)
	require.Equal(t, []sent{{client, parse(t, "{1,{ok,1}}")}}, w.sent)
}

func TestAfterTheEndNothingHappens(t *testing.T) {
	w := startScripted(t, driver.Options{})
	w.send(system(1, parse(t, "{terminate,normal}")))
	w.take()
	stopped := driver.Next{Stopped: true, Reason: genserv.Normal, Wait: -1}
	require.Equal(t, stopped, w.loop.Handle(atom("hello")))
	require.Equal(t, stopped, w.loop.Handle(system(2, atom("get_state"))))
	require.Equal(t, stopped, w.loop.Timeout())
	require.Equal(t, stopped, w.loop.Next())
	require.Equal(t, stopped, w.loop.Suspend())
	require.Equal(t, stopped, w.loop.Resume())
	require.Empty(t, w.take())
}

func TestATimeoutThatNobodyAskedForDoesNothing(t *testing.T) {
	w := startScripted(t, driver.Options{})
	require.Equal(t, driver.Next{Wait: -1}, w.loop.Timeout())
	w.loop.Suspend()
	require.Equal(t, driver.Next{Wait: -1}, w.loop.Timeout())
	require.Empty(t, w.take())
}

func TestADriverMaySuspendAndResume(t *testing.T) {
	w := startScripted(t, driver.Options{})
	require.False(t, w.loop.Suspended())
	require.Equal(t, driver.Next{Wait: -1}, w.loop.Suspend())
	require.True(t, w.loop.Suspended())
	w.loop.Suspend()
	w.send(atom("hello"))
	require.Equal(t, 1, w.loop.Kept())
	require.Equal(t, driver.Next{Again: true}, w.loop.Resume())
	w.loop.Resume()
	w.drive(w.loop.Next())
	require.Equal(t, []string{"handle_info(hello,0)"}, eventLines(w.take()))
}

func TestTheRestOfAStoppedServerIsForgotten(t *testing.T) {
	w := startScripted(t, driver.Options{})
	w.loop.Suspend()
	w.send(parse(t, "{return,{stop,normal,1}}"), atom("never"))
	w.drive(w.loop.Resume())
	require.True(t, w.ended)
	require.Zero(t, w.loop.Kept())
}

func TestGetStateIsBareForThoseWhoExpectIt(t *testing.T) {
	old := etf.Pid{Node: "otp25@there", ID: 1}
	bare := func(pid etf.Pid, _ func(bool)) (bare, known bool) { return pid == old, true }
	w := startScripted(t, driver.Options{Host: &driver.Host{BareState: bare}})
	w.send(driver.SystemMessage(old, etf.Int(1), atom("get_state")),
		driver.SystemMessage(remote, etf.Int(2), atom("get_state")))
	require.Equal(t, []sent{
		{old, etf.Tuple{etf.Int(1), etf.Int(0)}},
		{remote, etf.Tuple{etf.Int(2), etf.Tuple{atom("ok"), etf.Int(0)}}},
	}, w.sent)
}

func TestAStateThatIsNoTermIsAnErrorForThoseWhoAreAnsweredLater(t *testing.T) {
	var later func(bare bool)
	ask := func(_ etf.Pid, f func(bool)) (bare, known bool) { later = f; return false, false }
	w := startScripted(t, driver.Options{Host: &driver.Host{BareState: ask}})
	w.send(driver.SystemMessage(remote, etf.Int(1), atom("get_state")))
	require.Empty(t, w.sent)
	_, bad := etf.Append(nil, etf.Atom(string([]byte{0xff})))
	w.once = fmt.Errorf("sending: %w", bad)
	later(true)
	require.Len(t, w.sent, 1)
	require.Regexp(t, `^{1,{error,{bad_reply,<<"sending: .*">>}}}$`, etf.Format(w.sent[0].msg))
}

func TestAReplyThatIsNoTermEndsTheServerAndNotOnlyTheCallersPatience(t *testing.T) {
	w := startScripted(t, driver.Options{})
	_, bad := etf.Append(nil, etf.Atom(string([]byte{0xff})))
	require.Error(t, bad)
	w.fail = fmt.Errorf("sending: %w", bad)
	w.send(driver.CallMessage(client, etf.Int(1), parse(t, "{return,{reply,hello,1}}")))
	require.True(t, w.ended)
	lines := eventLines(w.take())
	require.Len(t, lines, 4)
	require.Regexp(t, `^terminate\({{bad_reply,<<"sending: .*">>},\[\]},1\)$`, lines[1])
	require.Regexp(t, `^exit\({{bad_reply,`, lines[3])
}

func TestAReplyThatGetsLostDoesNotMatter(t *testing.T) {
	w := startScripted(t, driver.Options{})
	w.fail = errors.New("no connection")
	w.send(driver.CallMessage(client, etf.Int(1), parse(t, "{return,{reply,hello,1}}")))
	w.send(system(2, atom("suspend")))
	require.True(t, w.loop.Suspended())
}

func TestWhatTheLoopTellsAboutItself(t *testing.T) {
	w := startScripted(t, driver.Options{Name: atom("n"), Parent: remote, Ancestors: etf.List{remote}})
	require.Equal(t, etf.Atom("scripted"), w.loop.Module())
	require.Equal(t, etf.Int(0), w.loop.State())
	require.Equal(t, self, w.loop.Process().Self())
	ancestors, _ := w.loop.Process().Get(atom("$ancestors"))
	require.Equal(t, etf.List{remote}, ancestors)
	m := genserv.Of(actor{w})
	require.Equal(t, etf.Atom("scripted"), m.Name())
	require.Equal(t, actor{w}, m.Server())
	require.Equal(t, etf.Atom("genserv_test.recorder"), genserv.Of(&recorder{}).Name())
}

func TestATimeOutShorterThanAMillisecondIsKeptAsItIs(t *testing.T) {
	w := &testEnv{}
	w.start(genserv.Of(waiter(100*time.Microsecond)), nil, driver.Options{})
	require.Equal(t, 100*time.Microsecond, w.next.Wait)
}

func TestANegativeTimeOutIsNeverShownAsZero(t *testing.T) {
	w := &testEnv{}
	w.start(genserv.Of(waiter(-time.Microsecond)), nil, driver.Options{})
	require.Equal(t, "{bad_return_value,{ok,0,-1}}", etf.Format(w.next.Reason))
}

// waiter starts with a time-out.
type waiter time.Duration

func (d waiter) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Term] {
	return genserv.Ok[etf.Term](etf.Int(0)).WithTimeout(time.Duration(d))
}

func (waiter) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s etf.Term) genserv.Result[etf.Term] {
	return genserv.NoReply(s)
}

func TestTheLastActionCounts(t *testing.T) {
	msg := etf.Term(atom("tick"))
	for _, test := range []struct {
		name   string
		result genserv.InitResult[etf.Term]
		want   driver.Next
	}{
		{"continue over time-out", genserv.Ok(msg).WithTimeout(time.Second).Continue(msg), driver.Next{Again: true}},
		{"time-out over continue", genserv.Ok(msg).Continue(msg).WithTimeout(time.Second), driver.Next{Wait: time.Second}},
		{"hibernate over time-out", genserv.Ok(msg).WithTimeout(time.Second).Hibernate(),
			driver.Next{Wait: -1, Hibernate: true}},
		{"time-out over hibernate", genserv.Ok(msg).Hibernate().WithTimeout(time.Second), driver.Next{Wait: time.Second}},
		{"hibernate with a message", genserv.Ok(msg).WithTimeoutMessage(time.Second, msg).Hibernate(),
			driver.Next{Wait: -1, Hibernate: true}},
		{"message over hibernate", genserv.Ok(msg).Hibernate().WithTimeoutMessage(time.Second, msg), driver.Next{Wait: -1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &testEnv{}
			loop := genserv.NewLoop(genserv.Of(starter{test.result}), w, driver.Options{})
			_, next, _ := loop.Start(nil)
			require.Equal(t, test.want, next)
		})
	}
}

// starter answers what it was made with.
type starter struct{ result genserv.InitResult[etf.Term] }

func (s starter) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Term] { return s.result }

func (starter) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s etf.Term) genserv.Result[etf.Term] {
	return genserv.NoReply(s)
}

func TestBadInitResultsAreShownAsErlangWouldShowThem(t *testing.T) {
	for _, test := range []struct {
		result genserv.InitResult[etf.Term]
		want   string
	}{
		{genserv.InitResult[etf.Term]{}, "{bad_return_value,'genserv.InitResult{}'}"},
		{genserv.Ignore[etf.Term]().Hibernate(), "{bad_return_value,{ignore,hibernate}}"},
		{genserv.StopInit[etf.Term](nil).Continue(nil), "{bad_return_value,{stop,undefined,{continue,undefined}}}"},
		{genserv.Fail[etf.Term](atom("x")).WithTimeout(genserv.Infinity), "{bad_return_value,{error,x,infinity}}"},
		{genserv.Ok(atom("s")).WithTimeoutMessage(-time.Second, nil).Hibernate(),
			"{bad_return_value,{ok,s,{hibernate,-1000,undefined}}}"},
	} {
		w := &testEnv{}
		w.start(genserv.Of(starter{test.result}), nil, driver.Options{})
		require.Equal(t, test.want, etf.Format(w.next.Reason))
	}
}

func TestBadResultsAreShownAsErlangWouldShowThem(t *testing.T) {
	for _, test := range []struct {
		result genserv.Result[etf.Term]
		want   string
	}{
		{genserv.Result[etf.Term]{}, "{bad_return_value,'genserv.Result{}'}"},
		{genserv.Result[etf.Term]{}.Hibernate(), "{bad_return_value,'genserv.Result{}'}"},
		{genserv.Stop(nil, atom("s")).Hibernate(), "{bad_return_value,{stop,undefined,s,hibernate}}"},
		{genserv.StopReply(nil, nil, atom("s")).Continue(nil),
			"{bad_return_value,{stop,undefined,undefined,s,{continue,undefined}}}"},
		{genserv.NoReply(atom("s")).WithTimeoutMessage(-time.Second, atom("m")),
			"{bad_return_value,{noreply,s,{timeout,-1000,m}}}"},
		{genserv.Reply(nil, atom("s")).WithTimeout(-time.Hour), "{bad_return_value,{reply,undefined,s,-3600000}}"},
	} {
		w := &testEnv{}
		w.start(genserv.Of(answerer{test.result}), nil, driver.Options{})
		w.send(driver.CallMessage(client, etf.Int(1), nil))
		require.Equal(t, test.want, etf.Format(w.next.Reason))
	}
}

// answerer answers every call with what it was made with.
type answerer struct{ result genserv.Result[etf.Term] }

func (answerer) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Term] {
	return genserv.Ok(atom("old"))
}

func (a answerer) HandleCall(*genserv.Process, etf.Term, genserv.From, etf.Term) genserv.Result[etf.Term] {
	return a.result
}
