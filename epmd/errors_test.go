package epmd

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnUnreachableEPMDSaysWhereWhyAndWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		why  string
		says string
	}{
		{"nothing listens", syscall.ECONNREFUSED, "connection refused", "epmd -daemon"},
		{"no such host", &net.DNSError{Err: "no such host", Name: "h"}, "no such host", "host part of the node name"},
		{"no answer", context.DeadlineExceeded, ": not in time; ", "firewall"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := error(&UnavailableError{Addr: "h:4369", Err: c.err})
			require.ErrorIs(t, err, ErrUnavailable)
			require.ErrorIs(t, err, c.err)
			require.NotErrorIs(t, err, ErrNotFound)
			require.Contains(t, err.Error(), "h:4369")
			require.Contains(t, err.Error(), c.why)
			require.Contains(t, err.Error(), c.says)
		})
	}
}

func TestATakenNameSaysWhoHoldsIt(t *testing.T) {
	err := &NameTakenError{Name: "a", Addr: "h:4369", Port: 1234}
	require.Contains(t, err.Error(), `"a"`)
	require.Contains(t, err.Error(), "1234")
	require.Contains(t, err.Error(), "h:4369")
	err.Port = 0
	require.NotContains(t, err.Error(), "port 0")
	require.Contains(t, err.Error(), "no holder")
}

func TestLongNamesDoNotFloodAMessage(t *testing.T) {
	err := &NameError{Name: strings.Repeat("a", 100_000), Reason: "is long"}
	require.Less(t, len(err.Error()), 200)
}

func TestTheSentinelsAreDifferent(t *testing.T) {
	require.False(t, errors.Is(ErrNotFound, ErrUnavailable))
	require.False(t, errors.Is(ErrInUse, ErrUnavailable))
}
