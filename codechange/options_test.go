package codechange_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func TestTheOptionsOfInstallReleaseAreRead(t *testing.T) {
	for text, want := range map[string]codechange.Options{
		`[]`: {},
		`[{error_action,restart},{update_paths,false}]`:   {},
		`[{suspend_timeout,100}]`:                         {SuspendTimeout: 100 * time.Millisecond},
		`[{suspend_timeout,infinity}]`:                    {SuspendTimeout: genserv.Infinity},
		`[{code_change_timeout,7},{undo_timeout,9}]`:      {CodeChangeTimeout: 7e6, UndoTimeout: 9e6},
		`[{strict,true}]`:                                 {Strict: true},
		`[{strict,true},{strict,false}]`:                  {},
		`[{busy,wait},{resume,in_place}]`:                 {Busy: codechange.BusyWait, Resume: codechange.ResumeInPlace},
		`[{busy,skip},{busy,fail},{resume,late}]`:         {},
		`[{canary,3}]`:                                    {Canary: codechange.Canary{Count: 3}},
		`[{canary,3,250},{update_paths,true}]`:            {Canary: codechange.Canary{Count: 3, Watch: 250e6}},
		`[{error_action,reboot},{undo_timeout,infinity}]`: {UndoTimeout: genserv.Infinity},
	} {
		got, err := codechange.Options{}.With(parse(t, text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestAnOptionThatTheListDoesNotNameStays(t *testing.T) {
	o := codechange.Options{SuspendTimeout: time.Minute, Strict: true}
	got, err := o.With(parse(t, `[{suspend_timeout,1}]`))
	require.NoError(t, err)
	require.Equal(t, codechange.Options{SuspendTimeout: time.Millisecond, Strict: true}, got)
	require.Equal(t, time.Minute, o.SuspendTimeout, "the receiver is not changed")
}

func TestAnIllegalOptionIsRefusedByItsTerm(t *testing.T) {
	for _, option := range []string{`x`, `{}`, `{x}`, `{x,y}`, `{error_action,stop}`, `{update_paths,1}`,
		`{suspend_timeout,0}`, `{suspend_timeout,-1}`, `{code_change_timeout,never}`, `{undo_timeout,[]}`,
		`{strict,yes}`, `{busy,kill}`, `{resume,never}`, `{canary,0}`, `{canary,x}`, `{canary,1,-1}`, `{canary,1,x}`,
		`{canary,1,2,3}`, `{busy,wait,now}`, `{"busy",wait}`} {
		_, err := codechange.Options{}.With(etf.List{parse(t, option)})
		var failed *codechange.Error
		require.ErrorAs(t, err, &failed, option)
		require.Equal(t, etf.Tuple{etf.Atom("illegal_option"), parse(t, option)}, failed.Reason)
	}
	_, err := codechange.Options{}.With(etf.Atom("none"))
	require.EqualError(t, err, "codechange: badarg")
}
