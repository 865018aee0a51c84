package genserv_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// textLog returns a handler that writes without the time, and what it writes to.
func textLog(level slog.Level) (slog.Handler, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}), &out
}

func TestAReportIsReadableAndHasOTPsFields(t *testing.T) {
	handler, out := textLog(slog.LevelInfo)
	w := &testEnv{handler: handler}
	w.start(genserv.Of(actor{w}), parse(t, "{return,{ok,0}}"), driver.Options{Name: atom("worker")})
	w.send(driver.CallMessage(remote, etf.Int(1), parse(t, "{return,{stop,oops,[1]}}")))
	require.Equal(t, `level=ERROR msg="gen_server terminating" label={gen_server,terminate} name=worker `+
		`last_message={return,{stop,oops,[1]}} state=[1] log=[] reason=oops client_info={`+etf.Format(remote)+",remote}\n",
		strings.ReplaceAll(out.String(), `"`+etf.Format(remote), etf.Format(remote)))
}

func TestTheClientOfAReport(t *testing.T) {
	stop := parse(t, "{return,{stop,oops,0}}")
	for _, test := range []struct {
		msg   etf.Term
		name  etf.Atom
		ended bool
		want  string
	}{
		{driver.CallMessage(client, etf.Int(1), stop), "", false, "{Client,{Client,[]}}"},
		{driver.CallMessage(client, etf.Int(1), stop), "named", false, "{Client,{named,[]}}"},
		{driver.CallMessage(client, etf.Int(1), stop), "", true, "{Client,dead}"},
		{driver.CallMessage(remote, etf.Int(1), stop), "", false, "{Other,remote}"},
		{driver.CastMessage(stop), "", false, "undefined"},
		{parse(t, "{'$gen_call',{name,tag},{return,{stop,oops,0}}}"), "", false, "undefined"},
	} {
		var info etf.Term
		w := &testEnv{handler: find{"client_info", &info}, clientName: test.name, clientEnded: test.ended}
		w.start(genserv.Of(actor{w}), parse(t, "{return,{ok,0}}"), driver.Options{})
		w.send(test.msg)
		require.Equal(t, test.want, strings.NewReplacer(etf.Format(client), "Client", etf.Format(remote),
			"Other").Replace(etf.Format(info)))
	}
}

// find is a log handler that looks for the term of one attribute.
type find struct {
	key  string
	term *etf.Term
}

func (find) Enabled(context.Context, slog.Level) bool { return true }
func (f find) WithAttrs([]slog.Attr) slog.Handler     { return f }
func (f find) WithGroup(string) slog.Handler          { return f }

func (f find) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == f.key {
			*f.term = a.Value.Any().(genserv.LogTerm).Term
		}
		return true
	})
	return nil
}

func TestACrashInInitIsReportedAsProcLibDoes(t *testing.T) {
	handler, out := textLog(slog.LevelInfo)
	w := &testEnv{handler: handler}
	w.start(genserv.Of(actor{w}), parse(t, "{exit,oops}"), driver.Options{Name: atom("worker"),
		Ancestors: etf.List{atom("top")}})
	require.Regexp(t, `^level=ERROR msg="gen_server crashed" label={proc_lib,crash} initial_call={scripted,init,\['Argument__1'\]} `+
		`pid=.* registered_name=worker error_info=.*exit,oops,.* ancestors=\[top\]\n$`, out.String())
}

func TestAReportThatNobodyReadsCostsNothing(t *testing.T) {
	shown := 0
	handler, out := textLog(slog.LevelError + 1)
	w := &testEnv{handler: handler}
	w.start(genserv.Of(showingCounter{shower{&shown}}), nil, driver.Options{})
	w.send(driver.CastMessage(nil))
	require.True(t, w.ended)
	require.Zero(t, shown)
	require.Empty(t, out.String())
}

// showingCounter stops with the first cast.
type showingCounter struct{ shower }

func (showingCounter) HandleCast(_ *genserv.Process, _ etf.Term, n int) genserv.Result[int] {
	return genserv.Stop(atom("oops"), n)
}

func TestALargeTermIsCutInALog(t *testing.T) {
	value := genserv.LogTerm{Term: etf.Binary(strings.Repeat("x", 1<<20))}.LogValue()
	require.Less(t, len(value.String()), 1<<15)
	require.Equal(t, "undefined", genserv.LogTerm{}.LogValue().String())
}
