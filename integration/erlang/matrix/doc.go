// Command matrix runs the suites of integration/erlang from containers with different releases of Erlang/OTP and with
// Elixir against gonode in a container of its own, and writes what held into docs/compat.md and README.md.
//
//	go run ./integration/erlang/matrix [flags]
//
// Exit codes: 0 everything ran and held, 1 a check failed, 2 something could not be run. With -lane what could not be
// run is noted as a skipped lane, as gonodetest.SkipLane does, and is no failure.
package main
