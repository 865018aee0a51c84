package erlang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/bank"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// keeper is a handler of Erlang's logger that hands all events to a process.
const keeper = `
-module(keeper).
-export([start/0, log/2, next/1]).
start() ->
    ok = logger:set_primary_config(level, info),
    register(keeper, self()),
    ok = logger:add_handler(keeper, keeper, #{config => #{}}).
log(#{level := Level, msg := {report, Report}, meta := Meta}, _) -> keeper ! {event, Level, Report, Meta};
log(_, _) -> ok.
next(Level) -> receive {event, Level, R, M} -> {R, M} after 20000 -> timeout end.
`

// frail is a server that can be brought to all sorts of ends.
type frail struct{}

func (frail) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Atom] {
	return genserv.Ok(etf.Atom("secret"))
}

func (frail) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s etf.Atom) genserv.Result[etf.Atom] {
	switch request {
	case etf.Atom("log"):
		p.Logger().Info("hello", "count", 3, "who", "joe")
		return genserv.Reply(etf.Atom("ok"), s)
	case etf.Atom("index"):
		var none []int
		return genserv.Reply(etf.Int(none[len(request.(etf.Atom))]), s)
	}
	return genserv.StopReply(request, etf.Atom("bye"), s)
}

func (frail) FormatStatus(status genserv.Status, _ etf.Atom) genserv.Status {
	status.State = etf.Atom("hidden")
	return status
}

func TestTheEndOfAServerIsReportedInTheLoggerOfABeam(t *testing.T) {
	e := beam.StartErl(t)
	e.Compile(t, "keeper", keeper)
	e.Eval(t, "keeper:start().")
	cfg := config(t)
	cfg.LoggerNode = e.Name()
	n := start(t, cfg)
	ctx := within(t, 30*time.Second)

	spawn(t, n, "frail", genserv.Of(frail{}))
	_, err := n.Call(ctx, etf.Atom("frail"), etf.Atom("log"))
	require.NoError(t, err)
	require.Equal(t, `{<<"hello">>,3,<<"joe">>}`, e.Eval(t,
		"{#{msg := M, count := C, who := W}, #{pid := P}} = keeper:next(info), true = is_pid(P), {M, C, W}."))

	require.Equal(t, "{bye,ok}", e.Eval(t, at(n, "{gen_server:call({frail,'gonode@host'}, {because, [1]}), ok}.")))
	require.Equal(t, "{frail,{because,[1]},hidden,true,true}", e.Eval(t, `
		{#{label := {gen_server,terminate}, name := Name, last_message := {because,[1]}, state := State, reason := Reason,
		   client_info := {Client, _}}, #{time := Time, report_cb := Cb}} = keeper:next(error),
		{Name, Reason, State, Client =:= self(), is_integer(Time)}.`))

	spawn(t, n, "frail", genserv.Of(frail{}))
	e.Eval(t, at(n, "catch gen_server:call({frail,'gonode@host'}, index)."))
	text := e.Eval(t, `{Report, #{report_cb := Format}} = keeper:next(error), lists:flatten(Format(Report, #{depth => unlimited, chars_limit => unlimited, single_line => false})).`)
	for _, part := range []string{"Generic server frail terminating", "Last message in was index",
		"When Server state == hidden", "index out of range", "HandleCall", "logger_test.go"} {
		require.Contains(t, text, part, "OTP's own function makes a text of it")
	}
}

func TestANodeWhoseLoggerNodeIsAwayGoesOn(t *testing.T) {
	cfg := config(t)
	cfg.LoggerNode = "nosuch"
	n := start(t, cfg)
	spawn(t, n, "frail", genserv.Of(frail{}))
	ctx := within(t, 30*time.Second)
	for range 20 {
		_, err := n.Call(ctx, etf.Atom("frail"), etf.Atom("log"))
		require.NoError(t, err)
	}
	reply, err := n.Call(ctx, etf.Atom("frail"), etf.Atom("crash"))
	require.NoError(t, err)
	require.Equal(t, etf.Atom("bye"), reply)
}

// legacy is a handler of error_logger, as programs had them before OTP 21.
const legacy = `
-module(legacy).
-behaviour(gen_event).
-export([start/0, init/1, handle_event/2, handle_call/2]).
start() -> register(legacy, self()), error_logger:add_report_handler(?MODULE, self()).
init(Pid) -> {ok, Pid}.
handle_event({Tag, _, {Pid, What, _}}, To) -> To ! {old, Tag, What, node(Pid)}, {ok, To};
handle_event(_, To) -> {ok, To}.
handle_call(_, S) -> {ok, ok, S}.
`

func TestReportsReadLikeThoseOfOTPInAFileAndForHandlersOfErrorLogger(t *testing.T) {
	e := beam.StartErl(t)
	e.Compile(t, "legacy", legacy)
	file := filepath.Join(t.TempDir(), "beam.log")
	require.Equal(t, "ok", e.Eval(t, fmt.Sprintf(`logger:set_primary_config(level, info),
		logger:add_handler(file, logger_std_h, #{config => #{file => %q}, formatter => {logger_formatter, #{legacy_header => true, single_line => false}}}).`, file)))
	require.Equal(t, "ok", e.Eval(t, "legacy:start()."))
	cfg := config(t)
	cfg.LoggerNode = e.Name()
	n := start(t, cfg)
	ctx := within(t, time.Minute)
	spawn(t, n, "frail", genserv.Of(frail{}))
	_, err := n.Call(ctx, etf.Atom("frail"), etf.Atom("index"))
	require.Error(t, err)
	_, err = n.Spawn(ctx, genserv.Child{Name: "stillborn", Module: genserv.Of(stillborn{})})
	require.Error(t, err)
	require.NoError(t, n.Applications().Start(ctx, bank.App()))
	require.Equal(t, "ok", e.Eval(t, at(n, "exit(rpc:call('gonode@host', erlang, whereis, [ledger]), boom), ok.")))

	var text string
	require.Eventually(t, func() bool {
		e.Eval(t, "logger_std_h:filesync(file).")
		b, err := os.ReadFile(file)
		text = string(b)
		return err == nil && strings.Contains(text, "=SUPERVISOR REPORT====")
	}, time.Minute, 20*time.Millisecond)
	for _, part := range []string{
		"=ERROR REPORT====", "** Generic server frail terminating", "** Last message in was index",
		"** When Server state == hidden",
		"** {{panic,<<\"runtime error: index out of range [5] with length 0\">>},", "'frail.HandleCall'",
		"{file,\"kernel_logger_test.go\"},{line,",
		"=CRASH REPORT====", "initial call: stillborn:init/1", "exception error: no_heart", "stillborn",
		"in function  'github.com/gonode-otp/gonode/integration/erlang':'stillborn.Init'/0 (kernel_logger_test.go",
		"=PROGRESS REPORT====", "application: bank", "=SUPERVISOR REPORT====", "boom",
	} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "FORMATTER ERROR")
	require.NotContains(t, text, "REPORT CALLBACK CRASH")

	host := at(n, "'gonode@host'")
	require.Equal(t, "{error,"+host+",true}", e.Eval(t,
		`receive {old, Tag, "** Generic server " ++ _ = F, N} -> {Tag, N, is_list(F)} after 20000 -> none end.`))
	require.Equal(t, "{error_report,"+host+"}", e.Eval(t,
		"receive {old, T2, crash_report, N2} -> {T2, N2} after 20000 -> none end."))
	require.Equal(t, "{error_report,"+host+"}", e.Eval(t,
		"receive {old, T3, supervisor_report, N3} -> {T3, N3} after 20000 -> none end."))
}

// stillborn cannot be started.
type stillborn struct{ frail }

func (stillborn) ModuleName() etf.Atom { return "stillborn" }

func (stillborn) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Atom] {
	panic(etf.Atom("no_heart"))
}

func TestElixirsLoggerTellsTheEndOfAServerInItsOwnWords(t *testing.T) {
	e := beam.StartElixir(t)
	e.Eval(t, "{:ok, _} = Application.ensure_all_started(:logger)")
	cfg := config(t)
	cfg.LoggerNode = e.Name()
	n := start(t, cfg)
	spawn(t, n, "frail", genserv.Of(frail{}))
	e.Eval(t, at(n, "catch_exit = try do GenServer.call({:frail, :\"gonode@host\"}, :index) catch :exit, _ -> :ended end"))
	e.AwaitLog(t, "GenServer :frail terminating")
	e.AwaitLog(t, "index out of range [5] with length 0")
	e.AwaitLog(t, "Last message (from #PID<")
	e.AwaitLog(t, "State: :hidden")
}
