package erlang

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// lookedAt is a server that operators look at.
type lookedAt struct{ plain }

func (lookedAt) ModuleName() etf.Atom { return "looked_at" }

func (lookedAt) HandleCast(_ *genserv.Process, _ etf.Term, s int) genserv.Result[int] {
	return genserv.NoReply(s)
}

// operated starts a node that others may change.
func operated(t *testing.T) *node.Node {
	t.Helper()
	cfg := config(t)
	cfg.Operators, cfg.LogLevel = node.OperatorsChange, new(slog.LevelVar)
	n := start(t, cfg)
	spawn(t, n, "echo", genserv.Of(echo.Server{}))
	spawn(t, n, "plain", genserv.Of(lookedAt{}))
	return n
}

// shapeRow is one row of operator_shapes:rows/2.
type shapeRow struct{ module, function, args, verdict, note, beam, goNode string }

// shapeRows compares the node n with other, which asker has the code for. calls are otp or elixir.
func shapeRows(t *testing.T, n *node.Node, calls string, asker, other *beam.Node) []shapeRow {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("ct", "operator_shapes.erl"))
	require.NoError(t, err)
	server, err := os.ReadFile(filepath.Join("ct", "echo.erl"))
	require.NoError(t, err)
	asker.Compile(t, "operator_shapes", string(source))
	asker.Compile(t, "echo", string(server))
	asker.Eval(t, `File = code:which(echo), {ok, Code} = file:read_file(File),
		{module, _} = rpc:call('`+other.Name()+`', code, load_binary, [echo, File, Code]),
		{ok, _} = rpc:call('`+other.Name()+`', gen_server, start, [{local, echo}, echo, [], []]).`)
	text := asker.Eval(t, "operator_shapes:rows("+calls+", '"+other.Name()+"', '"+string(n.Name())+"').")
	list, err := etf.Parse(text)
	require.NoError(t, err)
	var rows []shapeRow
	for _, r := range list.(etf.List) {
		row := r.(etf.Tuple)
		text := func(i int) string { s, _ := etf.AsCharlist(row[i]); return s }
		s := shapeRow{module: etf.Format(row[0]), function: etf.Format(row[1]), args: text(2), beam: text(4), goNode: text(5)}
		if note, ok := row[3].(etf.Tuple); ok {
			s.verdict = string(note[0].(etf.Atom))
			s.note, _ = etf.AsCharlist(note[1])
		} else {
			s.verdict = string(row[3].(etf.Atom))
		}
		rows = append(rows, s)
	}
	return rows
}

// requireSame fails for rows that differ without a note, or have a note for nothing.
func requireSame(t *testing.T, rows []shapeRow) {
	t.Helper()
	require.NotEmpty(t, rows)
	for _, r := range rows {
		if r.verdict == "differs" && r.note == "" {
			t.Errorf("%s\n  beam %s\n  go   %s", r.call(), r.beam, r.goNode)
		}
		require.NotEqual(t, "stale", r.verdict, "%s has the note %q for no difference", r.call(), r.note)
	}
}

// call returns Module:Function(Args) as text.
func (r shapeRow) call() string {
	return r.module + ":" + r.function + "(" + r.args + ")"
}

func TestFunctionsOfOperatorsAnswerInTheFormsOfABeam(t *testing.T) {
	requireSame(t, shapeRows(t, operated(t), "otp", beam.StartErl(t), beam.StartErl(t)))
}

func TestTheInterfacesOfTheHostAreThoseThatABeamTells(t *testing.T) {
	n, e := operated(t), beam.StartErl(t)
	require.Eventually(t, func() bool { // other programs may add and remove some in between
		return e.Eval(t, at(n, "inet:getifaddrs() =:= rpc:call('gonode@host', inet, getifaddrs, []).")) == "true"
	}, time.Minute, time.Second, e.Eval(t, at(n, "{inet:getifaddrs(), rpc:call('gonode@host', inet, getifaddrs, [])}.")))
}

func TestFunctionsOfElixirAnswerInTheFormsOfElixir(t *testing.T) {
	requireSame(t, shapeRows(t, operated(t), "elixir", beam.StartErl(t), beam.StartElixir(t)))
}

// otherErls is the environment variable with the erl of further releases, separated as in PATH.
const otherErls = "GONODE_OTHER_ERLS"

func TestFunctionsOfOperatorsAnswerInTheFormsOfOtherReleases(t *testing.T) {
	programs := filepath.SplitList(os.Getenv(otherErls))
	if len(programs) == 0 {
		t.Skip("lane releases: " + otherErls + " names no other erl; make matrix asks other releases too")
	}
	for _, program := range programs {
		t.Run(program, func(t *testing.T) {
			erl := func() *beam.Node { return beam.StartErl(t, beam.WithProgram(program)) }
			requireSame(t, shapeRows(t, operated(t), "otp", erl(), erl()))
		})
	}
}
