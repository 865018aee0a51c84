package driver

import "context"

type infinityKey struct{}

// WithInfinity returns a context like ctx that tells a call without a deadline to wait for ever: see
// genserv.WithInfinity.
func WithInfinity(ctx context.Context) context.Context {
	return context.WithValue(ctx, infinityKey{}, true)
}

// WaitsForEver reports whether ctx, or one that it was made from, is of WithInfinity.
func WaitsForEver(ctx context.Context) bool { return ctx.Value(infinityKey{}) != nil }
