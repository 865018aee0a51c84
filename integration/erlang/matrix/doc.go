// Command matrix runs the suites of integration/erlang from containers with different releases of Erlang/OTP and with
// Elixir, against gonode in its own container. It writes the results into docs/compat.md and README.md.
//
//	go run ./integration/erlang/matrix [flags]
//
// Exit codes: 0 everything ran and passed, 1 a check failed, 2 something could not be run. With -lane, a part that
// could not be run is recorded as a skipped lane, as gonodetest.SkipLane does, and is not a failure.
package main
