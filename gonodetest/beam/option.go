//go:build unix

package beam

import (
	"strconv"
	"time"
)

// Option changes how a node is started. Without options a node is visible, has a unique short name, and uses the EPMD
// and the cookie of the test.
type Option func(*settings)

type settings struct {
	name    string
	long    bool
	cookie  string
	hidden  bool
	dist    bool
	epmd    int
	args    []string
	env     []string
	program string
	timeout time.Duration
}

// WithSname gives the node a short name, as -sname does: "a" or "a@host".
func WithSname(name string) Option {
	return func(s *settings) { s.name, s.long = name, false }
}

// WithName gives the node a long name, as -name does: "a@host.domain" or "a@127.0.0.1".
func WithName(name string) Option {
	return func(s *settings) { s.name, s.long = name, true }
}

// WithCookie replaces the cookie of the test.
func WithCookie(cookie string) Option {
	return func(s *settings) { s.cookie = cookie }
}

// WithHidden starts the node with -hidden.
func WithHidden() Option {
	return func(s *settings) { s.hidden = true }
}

// WithoutDist starts a node without a name. Such a node is not distributed and needs no EPMD.
func WithoutDist() Option {
	return func(s *settings) { s.dist = false }
}

// WithConnectAll sets -connect_all. With false the node does not connect to the nodes that its peers know.
func WithConnectAll(on bool) Option {
	return WithArgs("-connect_all", strconv.FormatBool(on))
}

// WithEPMDPort makes the node use the EPMD on this port of its host instead of the one of the test. The node does not
// start an EPMD if there is none.
func WithEPMDPort(port int) Option {
	return func(s *settings) { s.epmd = port }
}

// WithArgs adds arguments of the emulator, for example "-kernel", "net_ticktime", "8". They mean the same for an Elixir
// node, which gets them through ERL_AFLAGS.
func WithArgs(args ...string) Option {
	return func(s *settings) { s.args = append(s.args, args...) }
}

// WithEnv adds environment variables in the form "NAME=value".
func WithEnv(env ...string) Option {
	return func(s *settings) { s.env = append(s.env, env...) }
}

// WithProgram starts this program instead of the erl, elixir or iex that would be found.
func WithProgram(path string) Option {
	return func(s *settings) { s.program = path }
}

// WithTimeout replaces the time limit of 30 seconds for the start of the node and for each evaluation. A call that
// takes a context is bounded by the context alone.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) { s.timeout = d }
}
