// Package erlang holds the tests that run against real Erlang and Elixir nodes. Each test starts its own nodes with an
// EPMD on a private port; package gonodetest says which programs are used. It exports nothing.
package erlang
