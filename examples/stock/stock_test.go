package stock_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/stock"
	"github.com/gonode-otp/gonode/upgradetest"
)

func TestTheStateSurvivesTheWayUpAndDown(t *testing.T) {
	v2 := stock.NewV2()
	items, err := v2.CodeChange(etf.Charlist("1"), stock.Counts{"tea": 3}, etf.List{})
	require.NoError(t, err)
	require.Equal(t, 3, items["tea"].Count)
	require.False(t, items["tea"].Since.IsZero())
	counts, err := v2.Downgrade(etf.Charlist("1"), items, etf.List{})
	require.NoError(t, err)
	require.Equal(t, stock.Counts{"tea": 3}, counts)
	_, err = v2.CodeChange(etf.Charlist("0"), 7, etf.List{})
	require.EqualError(t, err, "a state of type int")
}

func TestUpgradesKeepTheStock(t *testing.T) {
	tea := stock.Items{"tea": {Name: "tea", Count: 3, Since: time.Unix(1_700_000_000, 0).UTC()}}
	upgradetest.Run(t, upgradetest.Program{
		Versions: stock.Versions,
		Root:     "root",
		Samples: []upgradetest.Sample{
			{Module: "stock", Vsn: "1", State: upgradetest.Value(stock.Counts{})},
			{Module: "stock", Vsn: "1", State: upgradetest.Value(stock.Counts{"tea": 3, "milk": 1})},
			{Module: "stock", Vsn: "2", State: upgradetest.Value(tea)},
		},
		Same: sameCounts,
	})
}

// sameCounts leaves out since when an item is there, which version 1 does not keep.
func sameCounts(_ etf.Atom, before, after etf.Term) bool {
	var a, b stock.Items
	if etf.Unmarshal(before, &a) != nil || etf.Unmarshal(after, &b) != nil {
		return etf.Equal(before, after)
	}
	for name, item := range a {
		item.Since = b[name].Since
		a[name] = item
	}
	return maps.Equal(a, b)
}
