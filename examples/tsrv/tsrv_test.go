package tsrv_test

import (
	"context"
	"io/fs"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/tsrv"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// texts are two repositories.
func texts() fstest.MapFS {
	return fstest.MapFS{
		"texts/de.po":    {Data: []byte("msgid \"Hello\"\nmsgstr \"Hallo\"\n")},
		"texts/wrong.po": {Data: []byte("msgid Hello\n")},
		"texts/note.txt": {Data: []byte("not read")},
		"more/fr.po":     {Data: []byte("msgid \"Hello\"\nmsgstr \"Bonjour\"\n")},
	}
}

// server is a t__srv on a node that listens nowhere.
type server struct {
	t *testing.T
	n *node.Node
}

func start(t *testing.T, files fs.FS, options ...string) server {
	t.Helper()
	n, err := node.Start(t.Context(), node.Config{Name: "tsrv", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	s := server{t, n}
	list := etf.List{}
	for _, o := range options {
		list = append(list, s.term(o))
	}
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "t__srv", Module: genserv.Of(tsrv.NewV2(files)), Args: list})
	require.NoError(t, err)
	return s
}

func (s server) term(text string) etf.Term {
	s.t.Helper()
	term, err := etf.Parse(text)
	require.NoError(s.t, err)
	return term
}

func (s server) call(request string) string {
	s.t.Helper()
	answer, err := s.n.Call(s.t.Context(), etf.Atom("t__srv"), s.term(request))
	require.NoError(s.t, err)
	return etf.Format(answer)
}

// config is a config_set of shop with two repositories.
func config(dev string) string {
	return `{config_set,shop,{t__config,"de",` + dev +
		`,[{t__repository,"default","texts",undefined},{t__repository,<<"more">>,more,x}]}}`
}

func TestTextsAreTranslated(t *testing.T) {
	s := start(t, texts())
	require.Equal(t, "ok", s.call(config("false")))
	require.Equal(t, `[{shop,<<"default">>,1},{shop,<<"more">>,1}]`, s.call("tables"))
	for request, want := range map[string]string{
		`{translate,shop,"default",undefined,"Hello"}`:         `<<"Hallo">>`,
		`{translate,shop,default,<<"de">>,<<"Hello">>}`:        `<<"Hallo">>`,
		`{translate,shop,more,fr,"Hello"}`:                     `<<"Bonjour">>`,
		`{translate,shop,more,undefined,"Hello"}`:              `"Hello"`,
		`{translate,shop,"default","de",{"menu",<<"Hello">>}}`: `<<"Hello">>`,
		`{translate,shop,"none","de","Hello"}`:                 `"Hello"`,
		`{translate,other,"default","de","Hello"}`:             `"Hello"`,
		`{translate,"shop","default","de","Hello"}`:            `error`,
		`{translate,shop,"default","de",1}`:                    `error`,
	} {
		require.Equal(t, want, s.call(request), request)
	}
	require.Equal(t, "ok", s.call("{config_delete,shop}"))
	require.Equal(t, "[]", s.call("tables"))
}

// swapping is one file system, and then another one.
type swapping struct {
	before, after fs.FS
	swapped       atomic.Bool
}

func (s *swapping) Open(name string) (fs.File, error) {
	if s.swapped.Load() {
		return s.after.Open(name)
	}
	return s.before.Open(name)
}

func TestFilesThatHaveChangedAreReadAgainWhileAnApplicationIsInDeveloperMode(t *testing.T) {
	after := texts()
	after["texts/de.po"] = &fstest.MapFile{Data: []byte("msgid \"Hello\"\nmsgstr \"Guten Tag\"\n")}
	files := &swapping{before: texts(), after: after}
	s := start(t, files, "{timer_interval,1}")
	hello := func() string { return s.call(`{translate,shop,"default","de","Hello"}`) }
	require.Equal(t, "ok", s.call(config("true")))
	require.Equal(t, "1", s.call("dev_count"))
	require.Equal(t, `<<"Hallo">>`, hello())
	files.swapped.Store(true)
	require.Eventually(t, func() bool { return hello() == `<<"Guten Tag">>` }, time.Minute, time.Millisecond)
}

func TestAWrongRequestChangesNothing(t *testing.T) {
	s := start(t, texts())
	require.Equal(t, "ok", s.call(config("false")))
	before := s.call("tables")
	for _, request := range []string{`{config_set,shop,x}`, `{config_set,"shop",{t__config,"de",false,[]}}`,
		`{config_set,shop,{t__config,1,false,[]}}`, `{config_set,shop,{t__config,"de",maybe,[]}}`,
		`{config_set,shop,{t__config,"de",false,[x]}}`, `{config_set,shop,{t__config,"de",false,x}}`,
		`{config_set,shop,{t__config,"de",false,[{t__repository,1,"d",x}]}}`, `{config_delete,1}`, `{config_await,1}`,
		`nonsense`, `{config_set}`, `7`} {
		require.Equal(t, "error", s.call(request), request)
		require.NoError(t, s.n.Cast(t.Context(), etf.Atom("t__srv"), s.term(request)))
	}
	require.Equal(t, before, s.call("tables"))
}

func TestADirectoryThatCannotBeReadHasNoTexts(t *testing.T) {
	s := start(t, texts())
	for _, dir := range []string{"nowhere", "../texts", "/etc", "", "texts/de.po", "a\\x00b"} {
		require.Equal(t, "ok", s.call(`{config_set,shop,{t__config,"de",true,[{t__repository,"r","`+dir+`",x}]}}`), dir)
		require.Equal(t, `[{shop,<<"r">>,0}]`, s.call("tables"), dir)
	}
}
