package genserv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// FuzzHandle gives a server whatever a peer may send. It may end the server, as it may end one of OTP, but not the
// program; and while the server lives it answers.
func FuzzHandle(f *testing.F) {
	for _, text := range []string{
		"hello", "{}", "[]", "{'$gen_call',{a,b},c}", "{'$gen_call',a,b}", "{'$gen_cast',a}", "{system,{a,b},suspend}",
		"{system,{a,[alias|x]},get_status}", "{system,{a,b},{debug,{log,{true,2}}}}",
		"{system,{a,b},{debug,{install,{a,b}}}}",
		"{system,{a,b},{replace_state,c}}", "{system,{a,b},{change_code,a,b,c}}", "{system,{a,b},{terminate,c}}",
		"{'EXIT',a,b}", "{system,{a,b},{debug,{statistics,true}}}", "{system,a,{}}",
		"{system,{a,b},{debug,{log_to_file,[0]}}}",
		"{return,{noreply,a,{continue,b}}}", "{return,{stop,a,b,c}}", "{throw,{reply,a,b}}", "{error,a}",
	} {
		term, err := etf.Parse(text)
		require.NoError(f, err)
		bytes, err := etf.Append(nil, term)
		require.NoError(f, err)
		f.Add(bytes, bytes)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		w := startScripted(t, driver.Options{})
		for _, bytes := range [][]byte{first, second} {
			if msg, err := etf.Decode(bytes); err == nil && !w.ended {
				w.send(msg)
			}
		}
		if w.ended {
			return
		}
		w.sent = nil
		w.send(driver.SystemMessage(remote, other, atom("get_status")))
		require.Len(t, w.sent, 1)
	})
}
