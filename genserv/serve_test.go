package genserv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// do runs a function in the process of w, which goes on with what it has to do then.
func (w *testEnv) do(f func(*genserv.Loop)) { w.drive(w.loop.Do(f)) }

func TestAFunctionRunsBetweenTwoMessagesAndWhileTheServerIsSuspended(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	var seen []string
	note := func(what string) {
		w.do(func(l *genserv.Loop) { seen = append(seen, what+" "+etf.Format(l.State())) })
	}
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	note("after a call")
	w.do(func(l *genserv.Loop) { l.Suspend() })
	w.send(driver.CallMessage(client, etf.Int(2), nil))
	note("suspended")
	w.do(func(l *genserv.Loop) { l.Resume() })
	note("resumed")
	require.Equal(t, []string{"after a call 5", "suspended 5", "resumed 6"}, seen)
	require.Equal(t, uint64(2), w.loop.Handled(), "it is no message for a callback")
}

func TestASuspendedServerServesSomeOfWhatWaitsForIt(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	w.do(func(l *genserv.Loop) { l.Suspend() })
	for _, from := range []etf.Pid{client, remote, client, remote} {
		w.send(driver.CallMessage(from, etf.Int(1), nil))
	}
	w.do(func(l *genserv.Loop) {
		require.Equal(t, 3, l.CallsKept(func(pid etf.Pid) bool { return pid == client }))
		require.Equal(t, 4, l.CallsKept(func(pid etf.Pid) bool { return pid == remote }))
		require.Equal(t, 0, l.CallsKept(func(pid etf.Pid) bool { return pid == self }))
	})
	done := 0
	w.do(func(l *genserv.Loop) { l.Serve(3, func() { done++ }) })
	require.Equal(t, uint64(3), w.loop.Handled())
	require.True(t, w.loop.Suspended())
	require.Equal(t, 1, w.loop.Kept())
	w.do(func(l *genserv.Loop) { l.Serve(100, func() { done++ }) })
	require.Equal(t, uint64(4), w.loop.Handled(), "there were no more")
	require.True(t, w.loop.Suspended())
	w.do(func(l *genserv.Loop) { l.Serve(100, func() { done++ }) })
	require.Equal(t, 3, done, "with nothing to serve it is done at once")
	w.do(func(l *genserv.Loop) { l.Resume() })
	require.Equal(t, "{v1,8}", calls(t, w))
}

func TestASuspendedServerKnowsHowFarTheMessagesReachThatAreNoCalls(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	kept := func(want int) {
		t.Helper()
		w.do(func(l *genserv.Loop) { require.Equal(t, want, l.MessagesKept()) })
	}
	w.do(func(l *genserv.Loop) { l.Suspend() })
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	kept(0)
	w.send(etf.Atom("note"))
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	kept(2)
	w.send(driver.CastMessage(etf.Atom("note")))
	kept(4)
}

// A message that a server serves while it is to be suspended again may have it suspended, resumed or ended by others.
func TestServingEndsWhenTheServerIsSuspendedOtherwise(t *testing.T) {
	w := startVersion(genserv.Of(v1{of[int]{4}}))
	w.do(func(l *genserv.Loop) { l.Suspend() })
	for range 3 {
		w.send(driver.CallMessage(client, etf.Int(1), nil))
	}
	done := false
	w.loop.Do(func(l *genserv.Loop) { l.Serve(3, func() { done = true }) })
	w.loop.Timeout()
	w.loop.Suspend()
	require.False(t, done, "whoever suspends it knows")
	require.Equal(t, uint64(1), w.loop.Handled())
	w.loop.Do(func(l *genserv.Loop) { l.Serve(2, func() { done = true }) })
	w.loop.Handle(system(1, atom("suspend")))
	require.True(t, done)
	require.True(t, w.loop.Suspended())
}
