package kernel

import (
	"context"

	"github.com/gonode-otp/gonode/genserv"
)

// processKey is the key of the process that runs a function.
type processKey struct{}

// WithProcess returns the context of a function that runs as a process of its own.
func WithProcess(ctx context.Context, p *genserv.Process) context.Context {
	return context.WithValue(ctx, processKey{}, p)
}

// ProcessOf returns the process that runs a function, which got ctx. It is nil if the function does not run as a
// process of its own, as in rpc:call.
func ProcessOf(ctx context.Context) *genserv.Process {
	p, _ := ctx.Value(processKey{}).(*genserv.Process)
	return p
}
