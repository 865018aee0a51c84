package beamlog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func TestTheLogForABEAMKeepsToTheContractOfSlog(t *testing.T) {
	h := New()
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
	h := New()
	log := slog.New(h)
	log.Info("m", "n", number(7), "t", genserv.LogTerm{Term: etf.Tuple{etf.Atom("a")}},
		slog.Group("", slog.Int("inline", 1)))
	event := <-h.queue
	require.Equal(t, etf.Map{{Key: etf.Atom("msg"), Value: etf.Binary("m")}, {Key: etf.Atom("n"), Value: etf.Int(7)},
		{Key: etf.Atom("t"), Value: etf.Tuple{etf.Atom("a")}}, {Key: etf.Atom("inline"), Value: etf.Int(1)}}, event[2])
	require.NoError(t, h.Handle(t.Context(), slog.NewRecord(time.Time{}, slog.LevelInfo, "m", 0)))
	require.Empty(t, (<-h.queue)[3], "no time is none, not one before all others")
}

func TestWhatCannotBeSentOrWaitsTooLongIsReported(t *testing.T) {
	h := New()
	log := slog.New(h)
	for range queueSize + 3 {
		log.Info("m")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var report bytes.Buffer
	sent := 0
	h.Run(ctx, func(etf.Term) error {
		if sent++; sent == queueSize {
			cancel()
		}
		return errors.New("no connection")
	}, slog.New(slog.NewTextHandler(&report, nil)))
	require.Contains(t, report.String(), `msg="event not sent" error="no connection"`)
	require.Contains(t, report.String(), `msg="events dropped" count=3`)
}
