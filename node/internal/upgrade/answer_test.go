package upgrade

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

func TestAnAnswerTellsWhatIsToBlame(t *testing.T) {
	failed := &codechange.Error{Reason: etf.Atom("no")}
	for want, err := range map[string]error{
		"ok":                             nil,
		"{error,no}":                     failed,
		`{error,no,[<<"start anew">>]}`:  fmt.Errorf("%w: %w", failed, &codechange.Hint{Text: "start anew"}),
		`{error,<<"the disk is full">>}`: errors.New("the disk is full"),
	} {
		require.Equal(t, want, etf.Format(okAnswer(err)))
	}
	report := &codechange.Report{Transition: &codechange.Transition{Other: "1", Description: "up"}}
	for _, err := range []error{nil, failed, errors.New("x")} {
		answer := upgradeAnswer(report, err).(etf.Tuple)
		require.Len(t, answer, 3)
		require.Equal(t, report.Term(), answer[2])
	}
	require.Equal(t, "{error,no,undefined}", etf.Format(upgradeAnswer(nil, failed)))
}
