package node

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func newBeamLog() *beamLog {
	return &beamLog{queue: make(chan etf.Tuple, beamLogQueue), dropped: new(atomic.Int64)}
}

func TestTheLogForABEAMKeepsToTheContractOfSlog(t *testing.T) {
	h := newBeamLog()
	require.NoError(t, slogtest.TestHandler(h, func() (results []map[string]any) {
		for len(h.queue) > 0 {
			results = append(results, asSlogTest(<-h.queue))
		}
		return results
	}))
}

// asSlogTest shows an event as slogtest wants it: metadata and report in one map, and groups as maps.
func asSlogTest(event etf.Tuple) map[string]any {
	all := map[string]any{slog.LevelKey: event[1]}
	for _, part := range []etf.Term{event[3], event[2]} {
		for key, value := range asMap(part.(etf.Map)) {
			at := all
			for group, rest, found := strings.Cut(key, "."); found; group, rest, found = strings.Cut(key, ".") {
				if at[group] == nil {
					at[group] = map[string]any{}
				}
				at, key = at[group].(map[string]any), rest
			}
			at[key] = value
		}
	}
	return all
}

func asMap(m etf.Map) map[string]any {
	all := map[string]any{}
	for _, p := range m {
		switch value := p.Value.(type) {
		case etf.Map:
			all[string(p.Key.(etf.Atom))] = asMap(value)
		case etf.Binary:
			all[string(p.Key.(etf.Atom))] = string(value)
		default:
			all[string(p.Key.(etf.Atom))] = value
		}
	}
	return all
}

// number is a value that stands for another one.
type number int

func (n number) LogValue() slog.Value { return slog.IntValue(int(n)) }

func TestAValueThatStandsForAnotherIsSentAsThatOne(t *testing.T) {
	h := newBeamLog()
	log := slog.New(h)
	log.Info("m", "n", number(7), "t", genserv.LogTerm{Term: etf.Tuple{etf.Atom("a")}},
		slog.Group("", slog.Int("inline", 1)))
	event := <-h.queue
	require.Equal(t, etf.Map{{Key: etf.Atom("msg"), Value: etf.Binary("m")}, {Key: etf.Atom("n"), Value: etf.Int(7)},
		{Key: etf.Atom("t"), Value: etf.Tuple{etf.Atom("a")}}, {Key: etf.Atom("inline"), Value: etf.Int(1)}}, event[2])
	require.NoError(t, h.Handle(t.Context(), slog.NewRecord(time.Time{}, slog.LevelInfo, "m", 0)))
	require.Empty(t, (<-h.queue)[3], "no time is none, not one before all others")
}
