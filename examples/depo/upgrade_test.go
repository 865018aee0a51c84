package depo_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/upgradetest"
)

// Servers with statements walk all versions; one with an open transaction refuses version 3.
func TestUpgradesKeepWhatTheServerHas(t *testing.T) {
	state := func(vsn string, transaction bool) func(*genserv.Process) any {
		return func(p *genserv.Process) any {
			s, err := depo.NewState(p, vsn, depo.NewNames(10), transaction, map[etf.Atom]string{"one": "SELECT 1"})
			require.NoError(t, err)
			return s
		}
	}
	upgradetest.Run(t, upgradetest.Program{
		Versions: func() (*codechange.Versions, error) { return depo.Versions(depo.NewNames(10)) },
		Root:     "root",
		Samples: []upgradetest.Sample{
			{Module: depo.Module, Vsn: "1", State: state("1", false)},
			{Module: depo.Module, Vsn: "1", State: state("1", true)},
			{Module: depo.Module, Vsn: "2", State: state("2", false)},
			{Module: depo.Module, Vsn: "2", State: state("2", true), RefusedBy: "3"},
			{Module: depo.Module, Vsn: "3", State: state("3", false)},
		},
	})
}
