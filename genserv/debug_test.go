package genserv_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// debugged is a scripted server with the reply to the last system message.
func debugged(t *testing.T, w *testEnv, request string) string {
	w.sent = nil
	w.send(system(1, parse(t, request)))
	require.Len(t, w.sent, 1)
	return etf.Format(w.sent[0].msg.(etf.Tuple)[1])
}

// work makes one event of every kind.
func work(t testing.TB, w *testEnv) {
	w.send(driver.CallMessage(client, etf.Int(7), parse(t, "{return,{reply,hello,1}}")),
		driver.CastMessage(parse(t, `{return,{noreply,"text"}}`)),
		parse(t, "{return,{noreply,3,{continue,{return,{noreply,4}}}}}"),
		parse(t, "{'$gen_call',garbage,{return,{noreply,5}}}"))
}

// workToTheEnd also stops the server.
func workToTheEnd(t testing.TB, w *testEnv) {
	work(t, w)
	w.send(driver.CallMessage(client, etf.Int(8), parse(t, "{return,{stop,normal,bye,6}}")))
	require.True(t, w.ended)
}

// What a server prints of that, with its name and its client's pid.
const printed = `*DBG* worker got call {return,{reply,hello,1}} from CLIENT
*DBG* worker sent hello to CLIENT, new state 1
*DBG* worker got cast {return,{noreply,"text"}}
*DBG* worker new state "text"
*DBG* worker got {return,{noreply,3,{continue,{return,{noreply,4}}}}}
*DBG* worker new state 3
*DBG* worker dbg  {continue,{return,{noreply,4}}}
*DBG* worker new state 4
*DBG* worker got {'$gen_call',garbage,{return,{noreply,5}}}
*DBG* worker new state 5
*DBG* worker got call {return,{stop,normal,bye,6}} from CLIENT
*DBG* worker sent bye to CLIENT, new state 6
`

var withoutEnd = printed[:strings.Index(printed, "*DBG* worker got call {return,{stop")]

func TestStatisticsCountMessagesAndTellTheTime(t *testing.T) {
	now := time.Date(2024, 2, 29, 23, 59, 58, 0, time.Local)
	w := startScripted(t, driver.Options{Host: &driver.Host{Now: func() time.Time { return now }}})
	require.Equal(t, "ok", debugged(t, w, "{debug,{statistics,true}}"))
	work(t, w)
	now = now.Add(2 * time.Second)
	require.Equal(t, "{ok,[{start_time,{{2024,2,29},{23,59,58}}},{current_time,{{2024,3,1},{0,0,0}}},"+
		"{reductions,10},{messages_in,4},{messages_out,1}]}", debugged(t, w, "{debug,{statistics,get}}"))
	require.Equal(t, "ok", debugged(t, w, "{debug,{statistics,true}}"), "they go on counting")
	status := debugged(t, w, "get_status")
	require.Contains(t, status, "[{statistics,{{{2024,2,29},{23,59,58}},{reductions,10},4,1}}]")
	require.Equal(t, "ok", debugged(t, w, "{debug,{statistics,false}}"))
	require.Equal(t, "{ok,no_statistics}", debugged(t, w, "{debug,{statistics,get}}"))
}

func TestStatisticsNeedNoStateAsATerm(t *testing.T) {
	shown := 0
	w := &testEnv{}
	w.start(genserv.Of(shower{&shown}), nil, driver.Options{Debug: etf.List{atom("statistics")}})
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	require.Zero(t, shown)
	w.send(system(2, parse(t, "{debug,{log,true}}")), driver.CallMessage(client, etf.Int(3), nil))
	require.Equal(t, 1, shown)
}

// shower counts how often its state is shown.
type shower struct{ shown *int }

func (shower) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (shower) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(nil, n)
}

func (s shower) ShowState(n int) etf.Term {
	*s.shown++
	return etf.Int(n)
}

func TestATraceGoesWhereTheHostPrints(t *testing.T) {
	var lines bytes.Buffer
	host := &driver.Host{Print: func(line string) { lines.WriteString(line + "\n") }}
	w := startScripted(t, driver.Options{Name: atom("worker"), Host: host})
	require.Equal(t, "ok", debugged(t, w, "{debug,{trace,true}}"))
	require.Contains(t, debugged(t, w, "get_status"), "[{trace,true}]")
	require.Equal(t, "ok", debugged(t, w, "{debug,{trace,false}}"))
	work(t, w)
	require.Empty(t, lines.String())
	require.Equal(t, "ok", debugged(t, w, "{debug,{trace,true}}"))
	workToTheEnd(t, w)
	require.Equal(t, printed, strings.ReplaceAll(lines.String(), etf.Format(client), "CLIENT"))
}

func TestAPrintedLogReadsLikeATrace(t *testing.T) {
	var lines bytes.Buffer
	host := &driver.Host{Print: func(line string) { lines.WriteString(line + "\n") }}
	w := startScripted(t, driver.Options{Name: atom("worker"), Host: host})
	require.Equal(t, "ok", debugged(t, w, "{debug,{log,print}}"))
	require.Empty(t, lines.String())
	require.Equal(t, "ok", debugged(t, w, "{debug,{log,{true,100}}}"))
	work(t, w)
	require.Equal(t, "ok", debugged(t, w, "{debug,{log,print}}"))
	require.Equal(t, withoutEnd, strings.ReplaceAll(lines.String(), etf.Format(client), "CLIENT"))
}

func TestATraceWithoutAHostGoesToTheLogger(t *testing.T) {
	w := startScripted(t, driver.Options{Name: atom("worker"), Debug: etf.List{atom("trace")}})
	w.send(atom("hello"))
	require.Contains(t, eventLines(w.take()), `log(<<"*DBG* worker got hello">>)`)
}

// memoryFile is a file that remembers whether it was closed.
type memoryFile struct {
	bytes.Buffer
	closed bool
}

func (f *memoryFile) Close() error {
	f.closed = true
	return nil
}

func TestALogFileIsOpenedByTheHostAndClosedInTheEnd(t *testing.T) {
	files := map[string]*memoryFile{}
	host := &driver.Host{Create: func(name string) (io.WriteCloser, error) {
		if name == "bad" {
			return nil, errors.New("no such directory")
		}
		files[name] = &memoryFile{}
		return files[name], nil
	}}
	w := startScripted(t, driver.Options{Name: atom("worker"), Host: host})
	require.Equal(t, "ok", debugged(t, w, `{debug,{log_to_file,"one"}}`))
	work(t, w)
	require.Equal(t, withoutEnd, strings.ReplaceAll(files["one"].String(), etf.Format(client), "CLIENT"))

	require.Equal(t, "ok", debugged(t, w, `{debug,{log_to_file,<<"two">>}}`))
	require.True(t, files["one"].closed, "a new file takes the place of the old one")
	require.Equal(t, "{error,open_file}", debugged(t, w, `{debug,{log_to_file,bad}}`))
	require.True(t, files["two"].closed)
	require.Equal(t, "{error,open_file}", debugged(t, w, `{debug,{log_to_file,[a,b]}}`))
	require.Equal(t, "{error,open_file}", debugged(t, w, `{debug,{log_to_file,5}}`))
	require.Equal(t, "ok", debugged(t, w, `{debug,{log_to_file,false}}`))

	require.Equal(t, "ok", debugged(t, w, `{debug,{log_to_file,three}}`))
	require.Equal(t, "ok", debugged(t, w, `{debug,no_debug}`))
	require.True(t, files["three"].closed)

	require.Equal(t, "ok", debugged(t, w, `{debug,{log_to_file,four}}`))
	w.send(parse(t, "{return,{stop,normal,1}}"))
	require.True(t, files["four"].closed)
}

func TestDebugOptionsOfTheStart(t *testing.T) {
	opened := ""
	host := &driver.Host{Create: func(name string) (io.WriteCloser, error) {
		opened = name
		return &memoryFile{}, nil
	}}
	w := startScripted(t, driver.Options{Host: host, Debug: parse(t,
		`[trace,{log,3},statistics,{log_to_file,"f"},nonsense,{},{a,b,c},{log,0},{trace,x},log,{5,5}]`).(etf.List)})
	require.Equal(t, "f", opened)
	require.Contains(t, debugged(t, w, "get_status"), "[{log_to_file,true},{statistics,")
	require.Equal(t, "{ok,[]}", debugged(t, w, "{debug,{log,get}}"))
}

func TestALogOfAGreatManyEventsTakesNoMemoryBeforeTheyCome(t *testing.T) {
	w := startScripted(t, driver.Options{})
	require.Equal(t, "ok", debugged(t, w, "{debug,{log,{true,9223372036854775807}}}"))
	w.send(atom("hello"))
	require.Equal(t, "{ok,[{in,hello},{noreply,0}]}", debugged(t, w, "{debug,{log,get}}"))
}

// TestTheLogFileReadsAsOTPsDoes has a real gen_server write the lines that the tests above expect.
func TestTheLogFileReadsAsOTPsDoes(t *testing.T) {
	erl := beam.StartErl(t, beam.WithoutDist())
	source, err := os.ReadFile(filepath.Join("testdata", "scripted.erl"))
	require.NoError(t, err)
	erl.Compile(t, "scripted", string(source))
	text := erl.Eval(t, `begin
		File = "otp.log",
		{ok, P} = gen_server:start({local, worker}, scripted, {return, {ok, 0}}, [{debug, [{log_to_file, File}]}]),
		P ! {'$gen_call', {self(), 7}, {return, {reply, hello, 1}}},
		P ! {'$gen_cast', {return, {noreply, "text"}}},
		P ! {return, {noreply, 3, {continue, {return, {noreply, 4}}}}},
		P ! {'$gen_call', garbage, {return, {noreply, 5}}},
		Ref = monitor(process, P),
		P ! {'$gen_call', {self(), 8}, {return, {stop, normal, bye, 6}}},
		receive {'DOWN', Ref, process, P, normal} -> ok end,
		{ok, Text} = file:read_file(File),
		binary:replace(Text, list_to_binary(pid_to_list(self())), <<"CLIENT">>, [global])
	end`)
	written, err := etf.Parse(text)
	require.NoError(t, err)
	// print_event breaks long terms into lines.
	require.Equal(t, joined(printed), joined(string(written.(etf.Binary))))
}

func joined(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), ""), "\n", "")
}
