package survey_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/counter"
	"github.com/gonode-otp/gonode/examples/survey"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The example hosts the survey on a node. A real node would leave out NoListen, so that processes of other nodes can
// call it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "office@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	for name, module := range map[etf.Atom]genserv.Module{"survey": genserv.Of(survey.Server{}),
		"counter": genserv.Of(counter.New())} {
		if _, err := n.Spawn(ctx, genserv.Child{Name: name, Module: module}); err != nil {
			log.Fatal(err)
		}
	}
	reply, err := n.Call(ctx, etf.Atom("survey"), etf.Tuple{etf.Atom("ask"), etf.Atom("counter"), etf.Atom("get")})
	fmt.Println(etf.Format(reply), err)
	// Output: {ok,0} <nil>
}

func TestEveryQuestionIsAnswered(t *testing.T) {
	n, err := node.Start(t.Context(), node.Config{Name: "office@localhost", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	pid, err := n.Spawn(t.Context(),
		genserv.Child{Name: "survey", Module: genserv.Of(survey.Server{Timeout: 50 * time.Millisecond})})
	require.NoError(t, err)
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "silent", Module: genserv.Of(mute{})})
	require.NoError(t, err)
	for _, c := range [][2]string{
		{"x", "{error,unknown_request}"},
		{"{a,b,c}", "{error,unknown_request}"},
		{"{versions,kernel,x}", "{error,badarg}"},
		{"{versions,nosuch,['office@localhost']}", "[{office@localhost,undefined}]"},
		{"{ask,1,x}", "{error,badarg}"},
		{"{ask,nobody,x}", "{error,noproc}"},
		{"{ask,silent,x}", "{error,timeout}"},
		{"{ask,silent,end}", "{error,tired}"},
		{"{ask,silent,x}", "{error,noproc}"},
	} {
		request, err := etf.Parse(strings.ReplaceAll(c[0], "end", "'end'"))
		require.NoError(t, err)
		reply, err := n.Call(t.Context(), pid, request)
		require.NoError(t, err)
		require.Equal(t, c[1], etf.Format(reply), c[0])
	}
}

// mute is a server that does not answer.
type mute struct{}

func (mute) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (mute) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s int) genserv.Result[int] {
	if etf.IsAtom(request, "end") {
		return genserv.Stop(etf.Atom("tired"), s)
	}
	return genserv.NoReply(s)
}
