package erlang

import (
	"errors"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// cache keeps what it is given, in a map that its code change alters in place. The code change of the last server
// fails.
type cache struct{}

// copying is a cache that knows how its state is copied.
type copying struct{ cache }

func (copying) CopyState(s map[string]int) map[string]int { return maps.Clone(s) }

func (cache) ModuleName() etf.Atom { return "cache" }

func (cache) Init(*genserv.Process, etf.Term) genserv.InitResult[map[string]int] {
	return genserv.Ok(map[string]int{})
}

// HandleCall takes {put, Key, N} and answers with all that is there.
func (cache) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	s map[string]int) genserv.Result[map[string]int] {
	if t, ok := request.(etf.Tuple); ok && len(t) == 3 {
		s[string(t[1].(etf.Atom))] = int(t[2].(etf.Int))
	}
	shown, err := etf.Marshal(s)
	if err != nil {
		panic(err)
	}
	return genserv.Reply(shown, s)
}

func (cache) CodeChange(_ etf.Term, old any, _ etf.Term) (map[string]int, error) {
	s := old.(map[string]int)
	for key := range s {
		s[key] *= 100
	}
	if s["last"] > 0 {
		return nil, errors.New("it fails with the last one")
	}
	return s, nil
}

const cacheUp = `[[{load_object_code,{cache,"2",[cache]}},point_of_no_return,{suspend,[cache]},
	{load,{cache,brutal_purge,brutal_purge}},{code_change,up,[{cache,[]}]},{resume,[cache]}],[],[{cache,"2","lib/cache-2"}],[],[]]`

// startCaches starts two caches; the one that is changed last refuses that.
func startCaches(t *testing.T, code func() genserv.Module) (*beam.Node, *node.Node) {
	t.Helper()
	app := func(vsn string) codechange.Application {
		return codechange.Application{Name: "cache", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code()}}}
	}
	versions, err := codechange.NewVersions(app("1"), app("2"))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "cache", Vsn: "1"}}))
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Name: "rel", Vsn: "1"}
	b, n := beam.StartErl(t), start(t, cfg)
	first := versions.Modules("cache")[0].Code
	spawn(t, n, "two", first)
	spawn(t, n, "one", first) // changed last
	require.Equal(t, "#{<<\"a\">> => 1}", b.Eval(t, at(n, "gen_server:call({two,'gonode@host'}, {put,a,1}).")))
	require.Equal(t, "#{<<\"last\">> => 1}", b.Eval(t, at(n, "gen_server:call({one,'gonode@host'}, {put,last,1}).")))
	return b, n
}

func TestAFailedUpgradeGivesAStateBackThatItsCodeChangeAltersInPlace(t *testing.T) {
	b, n := startCaches(t, func() genserv.Module { return genserv.Of(copying{}) })
	failed := b.Eval(t, at(n, `{badrpc,{'EXIT', Reason}} = rpc:call('gonode@host', release_handler_1, eval_script, `+
		cacheUp+`), element(1, Reason).`))
	require.Equal(t, "code_change_failed", failed)
	require.Equal(t, "{#{<<\"a\">> => 1},#{<<\"last\">> => 1}}", b.Eval(t, at(n,
		"{gen_server:call({two,'gonode@host'}, get), gen_server:call({one,'gonode@host'}, get)}.")))
}

func TestAFailedUpgradeTellsWhatItCannotGiveBack(t *testing.T) {
	_, n := startCaches(t, func() genserv.Module { return genserv.Of(cache{}) })
	script := term(t, cacheUp).(etf.List)[0].(etf.List)
	report, err := n.ReleaseHandler().Eval(t.Context(), codechange.Script{Instructions: script,
		Libs: []codechange.Lib{{App: "cache", Vsn: "2"}}}, codechange.Options{})
	require.Error(t, err)
	require.False(t, report.FullyUndone())
	for _, p := range report.Processes {
		if p.Outcome != codechange.OutcomeSuspended { // its turn had come
			require.Equal(t, codechange.UndoneUncopied, p.Undone, "%s", p.Name)
		}
	}
}
