package genserv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

var (
	atom  = func(s string) etf.Term { return etf.Atom(s) }
	alias = etf.Ref{Node: "erl@there", Creation: 3, Len: 5, Words: [5]uint32{1, 2, 3, 4, 5}}
	other = etf.Ref{Node: "erl@there", Creation: 3, Len: 3, Words: [5]uint32{9, 8, 7}}
)

func aliased(ref etf.Ref) etf.Term {
	return etf.ImproperList{Elems: []etf.Term{atom("alias")}, Tail: ref}
}

// The shapes of tags that callers on OTP 23 to 29 send, and where gen:reply/2 sends the answer.
var tagShapes = []struct {
	name string
	tag  etf.Term
	to   etf.Term
}{
	{"OTP 23 call: Ref", other, remote},
	{"OTP 23 send_request: {'$gen_request_id',Ref}", etf.Tuple{atom("$gen_request_id"), other}, remote},
	{"multi_call until 25: {Ref,Node}", etf.Tuple{other, atom("go@here")}, remote},
	{"call since 24: [alias|Ref]", aliased(alias), alias},
	{"multi_call since 26: [[alias|Alias]|Monitor]", etf.ImproperList{Elems: []etf.Term{aliased(alias)}, Tail: other},
		alias},
	{"anything else: a small integer", etf.Int(5), remote},
	{"anything else: a nested term", etf.Tuple{etf.List{etf.Int(1), etf.Binary("x")}, etf.Map{}}, remote},
	{"a list that begins with an alias", etf.List{aliased(alias), other}, alias},
	{"an improper list of more elements that begins with one", etf.ImproperList{Elems: []etf.Term{aliased(alias), other},
		Tail: atom("x")}, alias},
	{"[alias|Pid] is no alias", etf.ImproperList{Elems: []etf.Term{atom("alias")}, Tail: client}, remote},
	{"[alias,Ref] is no alias", etf.List{atom("alias"), alias}, remote},
	{"[x|Ref] is no alias", etf.ImproperList{Elems: []etf.Term{atom("x")}, Tail: alias}, remote},
	{"[alias,alias|Ref] is no alias", etf.ImproperList{Elems: []etf.Term{atom("alias"), atom("alias")}, Tail: alias},
		remote},
	{"[]", etf.List{}, remote},
	{"[[alias|x]|Ref] is no alias",
		etf.ImproperList{Elems: []etf.Term{etf.ImproperList{Elems: []etf.Term{atom("alias")}, Tail: atom("x")}},
			Tail: alias}, remote},
}

func TestAReplyCarriesTheTagAsItCameAndGoesWhereGenReplySendsIt(t *testing.T) {
	for _, shape := range tagShapes {
		t.Run(shape.name, func(t *testing.T) {
			w := &testEnv{}
			w.start(genserv.Of(actor{w}), etf.Tuple{atom("return"), etf.Tuple{atom("ok"), etf.Int(0)}}, driver.Options{})
			request := etf.Tuple{atom("return"), etf.Tuple{atom("reply"), atom("hello"), etf.Int(1)}}
			w.send(driver.CallMessage(remote, shape.tag, request))
			require.Len(t, w.sent, 1)
			require.Equal(t, shape.to, w.sent[0].to)
			require.Equal(t, etf.Tuple{shape.tag, atom("hello")}, w.sent[0].msg)
			require.Equal(t, shape.tag, w.from.Tag)
			require.Equal(t, remote, w.from.Pid)
		})
	}
}

func TestASystemMessageIsAnsweredByTheSameRule(t *testing.T) {
	for _, shape := range tagShapes {
		t.Run(shape.name, func(t *testing.T) {
			w := &testEnv{}
			w.start(genserv.Of(actor{w}), etf.Tuple{atom("return"), etf.Tuple{atom("ok"), etf.Int(0)}}, driver.Options{})
			w.send(driver.SystemMessage(remote, shape.tag, atom("get_state")))
			require.Equal(t, []sent{{shape.to, etf.Tuple{shape.tag, etf.Tuple{atom("ok"), etf.Int(0)}}}}, w.sent)
		})
	}
}

func TestAFromSurvivesAsATerm(t *testing.T) {
	for _, shape := range tagShapes {
		built := genserv.From{Pid: remote, Tag: shape.tag}
		require.Equal(t, shape.to, built.Destination(), shape.name)
		read, ok := genserv.FromTerm(built.Term())
		require.True(t, ok, shape.name)
		require.Equal(t, built.Term(), read.Term(), shape.name)
		require.Equal(t, shape.to, read.Destination(), shape.name)
		require.Equal(t, remote, read.Pid)
		require.Equal(t, shape.tag, read.Tag)
	}
}

func TestOnlyAPidAndATagMakeAFrom(t *testing.T) {
	for _, bad := range []etf.Term{
		nil, etf.Int(1), etf.Tuple{}, etf.Tuple{remote}, etf.Tuple{remote, other, other}, etf.Tuple{atom("name"), other},
		etf.List{remote, other},
	} {
		_, ok := genserv.FromTerm(bad)
		require.False(t, ok, "%v", bad)
	}
}

func TestAFromWithoutATagIsAnsweredWithUndefined(t *testing.T) {
	w := &testEnv{}
	w.start(genserv.Of(actor{w}), etf.Tuple{atom("return"), etf.Tuple{atom("ok"), etf.Int(0)}}, driver.Options{})
	w.loop.Process().Reply(genserv.From{Pid: remote}, nil)
	require.Equal(t, []sent{{remote, etf.Tuple{atom("undefined"), atom("undefined")}}}, w.sent)
}
