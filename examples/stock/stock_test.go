package stock_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/stock"
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
