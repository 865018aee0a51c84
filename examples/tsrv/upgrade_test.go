package tsrv_test

import (
	"testing"
	"time"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/tsrv"
	"github.com/gonode-otp/gonode/upgradetest"
)

func TestUpgradesKeepWhatTheServerHas(t *testing.T) {
	inf, none := etf.Atom("infinity"), etf.Atom("undefined")
	config := func(app etf.Atom, dev bool) tsrv.Config {
		return tsrv.Config{App: app, Language: etf.Charlist("de"), Dev: dev,
			Repositories: []tsrv.Repository{{Name: etf.Charlist("default"), Directory: etf.Charlist("texts")}}}
	}
	some := tsrv.State{Configs: []tsrv.Config{config("shop", false), config("till", false)}, Idle: inf, Notify: none,
		Interval: 10 * time.Second, Waiting: []tsrv.Waiter{{App: "later"}}}
	dev := some
	dev.Configs, dev.DevCount = []tsrv.Config{config("shop", true)}, 1
	changes := map[etf.Atom]int{"shop": 3}
	fallback := etf.Charlist("en")
	upgradetest.Run(t, upgradetest.Program{
		Versions: func() (*codechange.Versions, error) { return tsrv.Versions(texts()) },
		Root:     "root",
		Samples: []upgradetest.Sample{
			{Module: "t__srv", Vsn: "1", State: upgradetest.Value(some)},
			{Module: "t__srv", Vsn: "1", State: upgradetest.Value(dev)},
			{Module: "t__srv", Vsn: "", State: upgradetest.Value(tsrv.State2{State: some, Changes: changes,
				Fallback: fallback})},
			{Module: "t__srv", Vsn: "", State: upgradetest.Value(tsrv.State2{State: dev, Changes: changes,
				Fallback: fallback}), RefusedBy: "3"},
			{Module: "t__srv", Vsn: "3", State: upgradetest.Value(tsrv.State2{State: some, Changes: changes,
				Fallback: fallback})},
		},
	})
}
