package releasehandler_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/internal/fakehost"
)

// stuck begins an upgrade that waits for a server, for ever. outcome tells how it ended.
func (s *site) stuck() (outcome chan error) {
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.w.Find("a").Deliver(driver.CallMessage(fakehost.Client, etf.Int(1), etf.Atom("block")))
	outcome = make(chan error, 1)
	s.w.Work.Go(func() {
		_, err := s.h.Install(context.Background(), "2", codechange.Options{SuspendTimeout: genserv.Infinity})
		outcome <- err
	})
	require.Eventually(s.t, func() bool {
		now := s.h.Overview().Running
		return now != nil && len(now.Waiting) == 1
	}, waitLong, waitShort)
	return outcome
}

func TestAnUpgradeThatWaitsIsSeenAndCanBeGivenUp(t *testing.T) {
	s := newSite(t)
	outcome := s.stuck()
	now := s.h.Overview().Running
	require.Equal(t, "{suspend,[m1]}", etf.Format(now.Instruction))
	require.Equal(t, codechange.Waiting{Pid: s.w.Find("a").Pid(), Name: "a", Module: "m1", What: codechange.StepSuspend},
		now.Waiting[0])
	require.NoError(t, s.h.Abort())
	err := <-outcome
	require.ErrorIs(t, err, codechange.ErrAborted)
	require.Equal(t, `{'EXIT',aborted}`, etf.Format(err.(*codechange.Error).Reason))
	s.w.Find("a").Free()
	require.Equal(t, "m1-1", s.runs())
	require.Nil(t, s.h.Overview().Running)
	require.EqualError(t, s.h.Abort(), "codechange: no_upgrade")
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`), "it can be tried again")
}

func TestAPurgeWaitsForItsTurn(t *testing.T) {
	s := newSite(t)
	outcome := s.stuck()
	ctx, cancel := context.WithTimeout(t.Context(), waitShort)
	defer cancel()
	for _, f := range s.h.Functions() {
		if f.Module == "code" && f.Name == "purge" {
			result, err := f.Call(ctx, etf.List{etf.Atom("m1")})
			require.NoError(t, err)
			require.Contains(t, etf.Format(result), "error")
		}
	}
	s.w.Find("a").Free()
	require.NoError(t, <-outcome)
}

func TestTheOverviewTellsReleasesAndVersions(t *testing.T) {
	s := newSite(t)
	require.Equal(t, "1 1 ", s.h.Overview().Current+" "+s.h.Overview().Permanent+" "+s.h.Overview().Previous)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`))
	now := s.h.Overview()
	require.Equal(t, "2 1 1", now.Current+" "+now.Permanent+" "+now.Previous)
	for _, m := range now.Modules {
		if m.Name == "m1" {
			require.Equal(t, codechange.VersionStatus{Vsn: "1"}, m.Versions[0])
			require.Equal(t, codechange.VersionStatus{Vsn: "2", Current: true, Processes: 1}, m.Versions[1])
		}
	}
}

func TestALinkToTheFileOfReleasesStaysOne(t *testing.T) {
	s := newSite(t)
	elsewhere := filepath.Join(t.TempDir(), "RELEASES")
	file := filepath.Join(s.root, "releases/RELEASES")
	require.NoError(t, os.Rename(file, elsewhere))
	require.NoError(t, os.Symlink(elsewhere, file))
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	link, err := os.Readlink(file)
	require.NoError(t, err)
	require.Equal(t, elsewhere, link)
	text, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Contains(t, string(text), "unpacked")
}
