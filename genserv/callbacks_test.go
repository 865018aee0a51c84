package genserv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// minimal is a server with a state of type int and nothing but the callbacks that it has to have.
type minimal struct{}

func (minimal) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (minimal) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(nil, n)
}

type wrongState struct{ minimal }

func (wrongState) HandleCast(_ *genserv.Process, _ etf.Term, n *int) genserv.Result[*int] {
	return genserv.NoReply(n)
}

type misspelled struct{ minimal }

func (misspelled) HandelCast(_ *genserv.Process, _ etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n)
}

type plural struct{ minimal }

func (plural) HandleInfos(*genserv.Process, etf.Term) {}

type byPointer struct{ minimal }

func (*byPointer) HandleInfo(_ *genserv.Process, _ etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n)
}

type closer struct{ minimal }

func (closer) Terminate() error { return nil }

type shows struct{ minimal }

func (shows) ShowStat(int) etf.Term { return nil }

// busy has methods of its own, none of which looks like a callback.
type busy struct{ minimal }

func (busy) HandleCast(_ *genserv.Process, _ etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n)
}
func (busy) Terminated() bool            { return false }
func (busy) HandleEvents([]string) error { return nil }
func (busy) Unit() string                { return "" }

func TestAMethodThatOnlyLooksLikeACallbackIsFoundAtOnce(t *testing.T) {
	for _, test := range []struct {
		of   func(own ...string) genserv.Module
		name string
		text string
	}{
		{func(own ...string) genserv.Module { return genserv.Of(wrongState{}, own...) }, "HandleCast",
			"method HandleCast of genserv_test.wrongState is no callback: it has another signature; it is " +
				"func(*genserv.Process, etf.Term, *int) genserv.Result[*int], and HandleCast is " +
				"func(*genserv.Process, etf.Term, int) genserv.Result[int]"},
		{func(own ...string) genserv.Module { return genserv.Of(misspelled{}, own...) }, "HandelCast",
			"another name"},
		{func(own ...string) genserv.Module { return genserv.Of(plural{}, own...) }, "HandleInfos", "another name"},
		{func(own ...string) genserv.Module { return genserv.Of(byPointer{}, own...) }, "HandleInfo",
			"Of was given a value, and the method has a pointer receiver"},
		{func(own ...string) genserv.Module { return genserv.Of(closer{}, own...) }, "Terminate", "another signature"},
		{func(own ...string) genserv.Module { return genserv.Of(shows{}, own...) }, "ShowStat", "ShowState"},
	} {
		for range 2 { // what was found is remembered
			err := found(func() { test.of() })
			require.NotNil(t, err, test.name)
			require.ErrorContains(t, err, test.text)
			require.Equal(t, test.name, err.Method)
			require.NotPanics(t, func() { test.of(test.name) })
		}
	}
}

func found(do func()) (err *genserv.CallbackError) {
	defer func() { err, _ = recover().(*genserv.CallbackError) }()
	do()
	return nil
}

func TestMethodsOfTheServersOwnAreLeftAlone(t *testing.T) {
	require.NotPanics(t, func() {
		genserv.Of(minimal{})
		genserv.Of(busy{})
		genserv.Of(&busy{})
		genserv.Of(&byPointer{})
	})
}
