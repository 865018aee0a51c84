package driver_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

var (
	client = etf.Pid{Node: "go@here", ID: 1, Creation: 7}
	other  = etf.Ref{Node: "go@here", Creation: 7, Len: 3, Words: [5]uint32{4, 5, 6}}
)

func TestTheMessagesOfClients(t *testing.T) {
	require.Equal(t, etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{client, other}, etf.Int(1)},
		driver.CallMessage(client, other, etf.Int(1)))
	require.Equal(t, etf.Tuple{etf.Atom("$gen_cast"), etf.Atom("undefined")}, driver.CastMessage(nil))
	require.Equal(t, etf.Tuple{etf.Atom("system"), etf.Tuple{client, other}, etf.Atom("suspend")},
		driver.SystemMessage(client, other, etf.Atom("suspend")))
}

func TestAReasonThatIsNoTermIsReplaced(t *testing.T) {
	long := etf.Atom(strings.Repeat("a", 256))
	for _, bad := range []etf.Term{nil, long, etf.Atom("\xff"), etf.Tuple{nil},
		etf.List{etf.Map{{Key: etf.Atom("a"), Value: long}}},
		(*etf.BigInt)(nil), etf.Pid{}} {
		text := driver.SendableReason(bad)
		require.Equal(t, etf.Atom("bad_exit_reason"), text.(etf.Tuple)[0], "%T", bad)
		_, err := etf.Append(nil, text)
		require.NoError(t, err)
	}
	wide := etf.Atom(strings.Repeat("ü", 255))
	for _, good := range []etf.Term{etf.Atom("normal"), wide, etf.Tuple{etf.Atom("shutdown"), etf.Binary("x")}} {
		require.Equal(t, good, driver.SendableReason(good))
	}
}

func TestTheReasonOfAFailedCodeChangeIsThatOfSys(t *testing.T) {
	failed := &driver.ChangeError{Reason: etf.Tuple{etf.Atom("error"), etf.Atom("old")}, Err: errors.New("old")}
	require.Equal(t, failed.Reason, driver.ChangeReason(fmt.Errorf("in turn: %w", failed)))
	require.Equal(t, etf.Tuple{etf.Atom("error"), etf.Binary("plain")}, driver.ChangeReason(errors.New("plain")))
	require.EqualError(t, &driver.UntriedError{Module: "m", Why: "it waits"},
		"genserv: the code change of m was not tried: it waits")
	require.EqualError(t, &driver.StateTypeError{Module: "m", State: "int"},
		"genserv: m cannot run with a state of type int")
}
