package beamlog_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/beamlog"
)

// What is logged becomes an event of Erlang's logger.
func Example() {
	h := beamlog.New()
	_ = h.Handle(context.Background(), slog.NewRecord(time.Time{}, slog.LevelWarn, "disk almost full", 0))
	ctx, cancel := context.WithCancel(context.Background())
	h.Run(ctx, func(event etf.Term) error {
		fmt.Println(etf.Format(event))
		cancel()
		return nil
	}, slog.New(slog.DiscardHandler))
	// Output: {log,warning,#{msg => <<"disk almost full">>},#{}}
}
