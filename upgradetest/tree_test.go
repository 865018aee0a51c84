package upgradetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// shopSup is a supervisor whose version 2 allows more restarts.
type shopSup struct{ intensity int }

func (shopSup) ModuleName() etf.Atom { return "shop_sup" }

func (s shopSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Intensity: s.intensity}, []supervisor.ChildSpec{{
		ID: etf.Atom("till"), Modules: []etf.Atom{"till"},
		Start: supervisor.StartLink(genserv.Of(one{}), nil).As("till")}}, nil
}

func TestATreeThatPrepareStartsIsWatched(t *testing.T) {
	p := tills(t, genserv.Of(one{}), genserv.Of(two{}))
	p.Versions = func() (*codechange.Versions, error) {
		app := func(vsn string, intensity int, code genserv.Module) codechange.Application {
			return codechange.Application{Name: "shop", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code},
				{Vsn: vsn, Code: supervisor.Of(shopSup{intensity})}}}
		}
		return codechange.NewVersions(app("1", 1, genserv.Of(one{})), app("2", 2, genserv.Of(two{})))
	}
	for _, vsn := range []string{"1", "2"} {
		p.put(t, "lib/shop-"+vsn+"/ebin/shop.app", `{application,shop,[{description,""},{vsn,"`+vsn+
			`"},{modules,[till,shop_sup]},{registered,[]},{applications,[]}]}.`)
	}
	p.put(t, "lib/shop-2/ebin/shop.appup", `{"2", [{"1", [{update,shop_sup,supervisor},{update,till,{advanced,[]}}]}],
		[{"1", [{update,till,{advanced,[]}},{update,shop_sup,supervisor}]}]}.`)
	p.Prepare = func(ctx context.Context, n *node.Node) error {
		_, err := n.Spawn(ctx, genserv.Child{Name: "shop_sup", Module: supervisor.Of(shopSup{1})})
		return err
	}
	require.Empty(t, texts(p.CheckRoot()))
	require.Empty(t, p.wrong(t))
}
