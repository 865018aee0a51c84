package upgrade_test

import (
	"testing"

	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/upgradetest"
)

func TestUpgradesKeepTheCounter(t *testing.T) {
	upgradetest.Run(t, upgradetest.Program{
		Versions: upgrade.Versions,
		Root:     "root",
		Samples: []upgradetest.Sample{
			{Module: "counter", Vsn: "1", State: upgradetest.Value(0)},
			{Module: "counter", Vsn: "1", State: upgradetest.Value(2005)},
			{Module: "counter", Vsn: "2", State: upgradetest.Value(upgrade.Tally{N: 5, Adds: 2})},
			{Module: "counter", Vsn: "2", State: upgradetest.Value(upgrade.Tally{N: 2005, Adds: 1}), RefusedBy: "3"},
			{Module: "counter", Vsn: "3", State: upgradetest.Value(upgrade.Tally{N: 7, Adds: 3})},
		},
	})
}
