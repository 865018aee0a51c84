package node

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

func TestANameThatIsFreeAgainIsGivenToTheNextWithAnotherCreation(t *testing.T) {
	var p namePool
	nobody := func(etf.Atom) bool { return false }
	first, second := p.takeName("h", nobody), p.takeName("h", nobody)
	require.NotEqual(t, first.name, second.name)
	require.Regexp(t, "^[0-9A-Z]+@h$", string(first.name))
	p.returnName(first)
	require.NotEqual(t, first.name, p.takeName("other", nobody).name)
	again := p.takeName("h", nobody)
	require.Equal(t, first.name, again.name)
	require.Equal(t, nextCreation(first.creation), again.creation)
	p.returnName(again)
	require.Equal(t, first.name, p.takeName("h", func(name etf.Atom) bool { return name == second.name }).name)
	p.returnName(first)
	require.NotEqual(t, first.name, p.takeName("h", func(name etf.Atom) bool { return name == first.name }).name)
	require.Empty(t, p.free)
	require.Equal(t, uint32(4), nextCreation(1<<32-1))
}

func TestManyShortVisitorsShareAName(t *testing.T) {
	giver := testNode(t, Config{Name: "giver@localhost"})
	names := map[etf.Atom]bool{}
	for range 30 {
		n, err := Start(t.Context(), Config{Name: "undefined@localhost", Cookie: "secret", NamedBy: "giver@localhost",
			EPMDPort: giver.cfg.EPMDPort})
		require.NoError(t, err)
		names[n.Name()] = true
		var visitor *peer
		require.Eventually(t, func() bool {
			visitor = giver.peers.up(n.Name())
			return visitor != nil
		}, time.Minute, time.Millisecond)
		require.NoError(t, n.Stop(context.Background()))
		<-visitor.ended
	}
	require.Len(t, names, 1)
}

func TestStrangersWhoAskForNamesLeaveNoneBehind(t *testing.T) {
	giver := testNode(t, Config{Name: "giver@localhost"})
	for i := range 20 {
		c, err := net.Dial("tcp", giver.Addr().String())
		require.NoError(t, err)
		stranger := dist.Local{Node: etf.Atom(fmt.Sprintf("host%d", i)), Creation: 1,
			Flags:  dist.DefaultFlags | dist.FlagNameMe,
			Cookie: func(etf.Atom) string { return "wrong" }}
		_, err = stranger.Connect(t.Context(), c, "giver@localhost", nil)
		require.Error(t, err)
	}
	require.Empty(t, giver.dynamicNames.free)
}

func TestOnlyTheNodesOfTheListMayConnect(t *testing.T) {
	var l allowList
	for _, who := range []etf.Atom{"a@h", "no name"} {
		require.True(t, l.admits(who), "an empty list admits all")
	}
	l.add([]etf.Atom{"a@h", "trusted", "ops@"})
	for _, who := range []etf.Atom{"a@h", "any@trusted", "ops@h"} {
		require.True(t, l.admits(who), who)
	}
	for _, who := range []etf.Atom{"b@h", "a@other", "trusted@h", "trusted", "ops", "h", "xops@h"} {
		require.False(t, l.admits(who), who)
	}
	for _, entry := range []string{"", "@h", "a@b@c"} {
		_, err := Start(t.Context(), Config{Name: "x@localhost", Cookie: "c", Allow: []string{entry}})
		var wrong *ConfigError
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, "Allow", wrong.Field)
	}
	port := startEPMD(t)
	picky := testNode(t, Config{Name: "picky@localhost", EPMDPort: port, Allow: []string{"friend@localhost", "ops@"}})
	friend := testNode(t, Config{Name: "friend@localhost", EPMDPort: port})
	foe := testNode(t, Config{Name: "foe@localhost", EPMDPort: port})
	require.NoError(t, friend.Ping(t.Context(), picky.Name()))
	require.ErrorContains(t, foe.Ping(t.Context(), picky.Name()), "not_allowed")
	err := picky.Ping(t.Context(), foe.Name())
	require.ErrorContains(t, err, "Config.Allow")
	require.True(t, strings.Contains(err.Error(), "foe@localhost"))
}
