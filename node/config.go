package node

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/node/internal/transport"
	"github.com/gonode-otp/gonode/tlsdist"
)

// Config says what node to start. Its zero value with a Name is usable.
type Config struct {
	// Name is "name" or "name@host", as erl's -sname and -name take it. A missing host is filled in: the first label of
	// the host's name, or with LongNames the fully qualified one.
	Name string
	// LongNames makes the node use and accept full host names, as erl -name does. Nodes with short and with long names
	// never connect to each other.
	LongNames bool
	// Visible announces the node to all others, as an ordinary OTP node is. The default is a hidden node, as erl -hidden:
	// its connections do not spread and global ignores it. A visible node that does not run global can make OTP 25 and
	// later disconnect nodes of the cluster from each other (prevent_overlapping_partitions). Use it only for tests and
	// small clusters.
	Visible bool
	// Cookie is the secret shared by the cluster. Empty means the cookie file, see ReadCookie.
	Cookie string
	// Cookies gives single peers another cookie, as erlang:set_cookie(Node, Cookie) does.
	Cookies map[string]string

	// NamedBy is a node that gives this one its name. Start connects to it; the part of Name before the @ is ignored. The
	// node needs no EPMD to find a free name, does not listen and is hidden, which suits a short-lived client (erl -sname
	// undefined, OTP 23). The name is valid while that connection is up.
	NamedBy string
	// NoListen makes a node that only connects to others. It has no listener and is not registered with EPMD, so no node
	// can connect to it. It is hidden whatever Visible says (erl -dist_listen false).
	NoListen bool
	// ProtoDist selects the carrier of the connections, as erl -proto_dist does: "inet_tcp" (also the meaning of the
	// empty string), "inet_tls", or for IPv6 "inet6_tcp" and "inet6_tls". All nodes of a cluster should have the same
	// one. Names are resolved to addresses of that family only.
	ProtoDist string
	// TLS are the options of inet_tls and inet6_tls; tlsdist.ReadFile reads them from the file that erl
	// -ssl_dist_optfile takes. Without ProtoDist they mean inet_tls.
	TLS *tlsdist.Options

	// Allow lists the nodes that may connect to this one and that this one may connect to, as net_kernel:allow/1 takes
	// them: "name@host", a "host", or the part before the "@" with it, as in "name@". An empty list allows all nodes.
	// net_kernel:allow/1, called over rpc, adds to the list. The list does not protect the node: a peer that knows the
	// cookie can use any name.
	Allow []string

	// Listen is the IP address to listen on. Empty means all addresses of the family; with IPv6 that includes those of
	// IPv4 (kernel parameter inet_dist_use_interface).
	Listen string
	// PortMin and PortMax bound the listen port (inet_dist_listen_min and _max). 0, 0 lets the system choose. PortMin
	// alone is the only port. PortMax alone is refused, and so is a range that contradicts NodePort.
	PortMin, PortMax uint16
	// EPMD says which port mapper the node registers with. The zero value is EPMDAuto.
	EPMD EPMDMode
	// EPMDPort is the port of EPMD here and on other hosts. 0 means ERL_EPMD_PORT, else 4369. ERL_EPMD_ADDRESS gives the
	// addresses of an embedded EPMD. Without it an embedded EPMD listens on the addresses of the node.
	EPMDPort uint16

	// NodePort makes the node do without EPMD. The node listens on this port, registers nowhere, and connects to every
	// other node on the same port (erl -erl_epmd_port). 0 means EPMD. It cannot be combined with a range of ports or with
	// a mode of EPMD.
	NodePort uint16

	// SetupTime bounds each step of a connection attempt (net_setuptime). 0 means 7 s, at most 120 s.
	SetupTime time.Duration
	// TickTime is the silence after which a peer counts as gone (net_ticktime). 0 means 60 s.
	TickTime time.Duration
	// TickIntensity is the number of ticks in a TickTime (net_tickintensity), 4 to 1000. 0 means 4.
	TickIntensity int

	// CallTimeout bounds Call and MultiCall, of the node and of its processes, when their context has no deadline. 0
	// means 5 s, the default of gen_server:call. A negative value means no limit. A call that reaches it fails with the
	// error of a context that has ended, genserv.ErrTimeout. genserv.WithInfinity exempts single calls.
	CallTimeout time.Duration

	// MaxMessage is the size in bytes of the largest message that the node takes. It also bounds the total size of all
	// messages that are arriving in fragments. 0 means 2 GB, which is dist.DefaultMaxMessage. Only the message that is
	// too large is refused; its connection stays up. A call in it fails at once with the reason {message_refused, Text}.
	// A link or monitor that it would have ended ends with that reason. The log names the sender, the receiver and the
	// kind of message. OTP has no such limit.
	MaxMessage int
	// MaxElements is the number of elements of lists, tuples and maps (two a pair) that a message may have. Each element
	// takes 16 to 90 bytes of memory. 0 means 268 million, which is etf.DefaultElements. A message with more elements is
	// refused like one that is too large.
	MaxElements int

	// Operators says what other nodes may ask of this one besides the functions that the program exports. The zero value
	// is OperatorsLook.
	Operators Operators

	// Upgrade lets the servers of the node be upgraded; nil means that they cannot be.
	Upgrade *Upgrade

	// Trace is called for every message and tick on every connection, in both directions; see dist.Options for what it may
	// do. dist.TraceEvent prints itself as one line.
	Trace func(dist.TraceEvent)
	// Logger receives what the node and its processes log, including the reports of crashed servers. nil means that only
	// warnings and errors are logged, to the logger that is slog.Default() at Start; OTP's primary level is notice.
	// slog.New(slog.DiscardHandler) discards everything.
	Logger *slog.Logger
	// LogLevel is the level of Logger, if its handler has one that can change. logger:set_primary_config/2 sets it, if
	// Operators allows that. nil means that other nodes cannot change the level.
	LogLevel *slog.LevelVar
	// LoggerNode is a BEAM node whose logger also receives the events of processes, from the level info on: the reports
	// of servers that end abnormally, of supervisors and of applications, and what callbacks log by Process.Logger.
	// Reports look there like OTP's own. "" means none. Events are dropped while that node is away or slow, as in OTP.
	LoggerNode string

	epmdAddrs []netip.Addr // of an embedded EPMD
	family    transport.Family
	patience  time.Duration // dist.Options.HandOverAfter, for tests
	without   dist.Flags    // flags that the node does not announce, for tests
}

// EPMDMode selects the port mapper.
type EPMDMode int

const (
	// EPMDAuto uses the EPMD of this host. It starts an embedded one if none is running, at Start or later: an EPMD that
	// another program has embedded ends with that program.
	EPMDAuto EPMDMode = iota
	// EPMDExternal requires a running EPMD.
	EPMDExternal
	// EPMDEmbedded starts the embedded one and fails if the port is taken.
	EPMDEmbedded
)

// Operators says which functions of erlang, code, init and so on other nodes may apply by rpc and erpc: those by which
// operators look at a node with the tools of OTP and Elixir, and change it. docs/guide/operators.md lists them.
type Operators int

const (
	// OperatorsLook serves the functions that show something, and those that change what a supervisor may change as well:
	// sys:suspend, supervisor:restart_child, application:stop and their like. Functions that end the node or foreign
	// processes, change its cookie or log level, or tell the cookie or the environment, are refused with {eperm, Text}.
	OperatorsLook Operators = iota
	// OperatorsChange serves all of them, also init:stop, erlang:halt, exit/2, set_cookie, os:getenv and the levels of
	// logger.
	OperatorsChange
	// OperatorsNone serves none of them: every function is undef but those that the program exports and those of
	// Config.Upgrade. The messages of net_adm:ping, gen_server and sys are answered as ever.
	OperatorsNone
)

// ConfigError is a Config that cannot work.
type ConfigError struct {
	Field  string // name of the field of Config
	Reason string
}

func (e *ConfigError) Error() string { return "node: Config." + e.Field + ": " + e.Reason }

// Checked returns c with its defaults filled in, as Start uses it. Name is the full name of the node, and Cookie is
// the cookie of the user if c has none (see ReadCookie). The error is a *ConfigError if c cannot work, a *CookieError,
// or says that the environment of EPMD or the name of this host cannot be used.
func (c Config) Checked() (Config, error) { return c.withDefaults() }

// withDefaults checks c and fills in what was left out.
func (c Config) withDefaults() (Config, error) {
	if c.SetupTime == 0 {
		c.SetupTime = dist.DefaultSetupTime
	}
	if err := c.checkLimits(); err != nil {
		return c, err
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = 5 * time.Second // gen:call/3
	}
	if c.EPMD < EPMDAuto || c.EPMD > EPMDEmbedded {
		return c, &ConfigError{"EPMD", fmt.Sprintf("unknown mode %d", c.EPMD)}
	}
	if c.Operators < OperatorsLook || c.Operators > OperatorsNone {
		return c, &ConfigError{"Operators", fmt.Sprintf("unknown value %d", c.Operators)}
	}
	if err := c.checkPorts(); err != nil {
		return c, err
	}
	c.copyReferences()
	if err := errors.Join(c.checkCarrier(), c.checkAllow()); err != nil {
		return c, err
	}
	env, err := epmd.ReadEnv(os.Getenv)
	if err != nil {
		return c, err
	}
	if c.EPMDPort == 0 {
		c.EPMDPort = env.Port
	}
	c.epmdAddrs = env.Addrs
	c.NoListen = c.NoListen || c.NamedBy != ""
	c.Visible = c.Visible && !c.NoListen
	if c.Logger == nil {
		c.Logger = slog.New(warnings{slog.Default().Handler()})
	}
	name, err := FullName(c.Name, c.LongNames)
	if err != nil {
		return c, err
	}
	c.Name = name
	if c.LoggerNode != "" {
		if c.LoggerNode, err = FullName(c.LoggerNode, c.LongNames); err != nil {
			return c, &ConfigError{"LoggerNode", err.Error()}
		}
	}
	if c.Cookie == "" {
		cookie, err := ReadCookie()
		if err != nil {
			return c, err
		}
		c.Cookie = cookie.Value
		if cookie.Made {
			c.Logger.Info("made a new cookie file", "file", cookie.File)
		}
	}
	return c, c.checkCookies()
}

// checkLimits checks the bounds of connections.
func (c *Config) checkLimits() error {
	if c.SetupTime < 0 || c.SetupTime > 120*time.Second {
		return &ConfigError{"SetupTime", fmt.Sprintf("%v is not within 0 and 120 s", c.SetupTime)}
	}
	if c.TickTime < 0 {
		return &ConfigError{"TickTime", fmt.Sprintf("%v is negative", c.TickTime)}
	}
	if c.TickIntensity != 0 && (c.TickIntensity < 4 || c.TickIntensity > 1000) {
		return &ConfigError{"TickIntensity", fmt.Sprintf("%d is not within 4 and 1000", c.TickIntensity)}
	}
	if c.MaxMessage < 0 {
		return &ConfigError{"MaxMessage", fmt.Sprintf("%d is negative", c.MaxMessage)}
	}
	if c.MaxElements < 0 {
		return &ConfigError{"MaxElements", fmt.Sprintf("%d is negative", c.MaxElements)}
	}
	return nil
}

// checkPorts refuses ports that contradict each other and fills in those that follow from others. Differs from OTP,
// which ignores inet_dist_listen_max without _min and then listens on any port.
func (c *Config) checkPorts() error {
	switch {
	case c.PortMax != 0 && c.PortMin == 0:
		return &ConfigError{"PortMax",
			fmt.Sprintf("%d needs a PortMin: without one the system chooses the port", c.PortMax)}
	case c.PortMax != 0 && c.PortMax < c.PortMin:
		return &ConfigError{"PortMax", fmt.Sprintf("%d is below PortMin %d", c.PortMax, c.PortMin)}
	case c.NodePort == 0:
	case c.PortMin != 0 && c.PortMin != c.NodePort || c.PortMax != 0 && c.PortMax != c.NodePort:
		return &ConfigError{"NodePort",
			fmt.Sprintf("%d is the port of every node, so this one cannot listen within %d and %d",
				c.NodePort, c.PortMin, max(c.PortMin, c.PortMax))}
	case c.EPMD != EPMDAuto:
		return &ConfigError{"NodePort", "does without EPMD, so there is no mode of it to choose"}
	default:
		c.PortMin = c.NodePort
	}
	if c.PortMax == 0 {
		c.PortMax = c.PortMin
	}
	return nil
}

// copyReferences copies what c refers to, so that the caller may change it afterwards.
func (c *Config) copyReferences() {
	c.Cookies = maps.Clone(c.Cookies)
	if c.TLS != nil {
		options := *c.TLS
		c.TLS = &options
	}
	if c.Upgrade != nil {
		upgrade := *c.Upgrade
		c.Upgrade = &upgrade
	}
}

// checkCarrier checks ProtoDist and the fields that depend on it.
func (c *Config) checkCarrier() error {
	if c.ProtoDist == "" {
		c.ProtoDist = "inet_tcp"
		if c.TLS != nil {
			c.ProtoDist = "inet_tls"
		}
	}
	proto, ok := transport.ParseProtocol(c.ProtoDist)
	switch {
	case !ok:
		return &ConfigError{"ProtoDist", fmt.Sprintf("%q is none of inet_tcp, inet_tls, inet6_tcp and inet6_tls",
			c.ProtoDist)}
	case proto.TLS && c.TLS == nil:
		return &ConfigError{"TLS", c.ProtoDist + " needs TLS options"}
	case !proto.TLS && c.TLS != nil:
		return &ConfigError{"TLS", "is given, and " + c.ProtoDist + " makes no use of it; want inet_tls or inet6_tls"}
	}
	c.family = proto.Family
	if err := c.family.CheckListen(c.Listen); err != nil {
		return &ConfigError{"Listen", err.Error()}
	}
	return nil
}

// checkCookies checks what the handshake requires: a cookie is an atom, and its characters go into the digest as
// Latin-1.
func (c Config) checkCookies() error {
	for peer, cookie := range c.Cookies {
		if err := checkCookie("Cookies["+peer+"]", cookie); err != nil {
			return err
		}
	}
	return checkCookie("Cookie", c.Cookie)
}

// checkCookie checks one cookie. The error names the field.
func checkCookie(field, cookie string) error {
	switch {
	case utf8.RuneCountInString(cookie) > 255:
		return &ConfigError{field, "longer than 255 characters, the length of an atom"}
	case strings.IndexFunc(cookie, func(r rune) bool { return r > 255 }) >= 0:
		return &ConfigError{field, "has characters outside of Latin-1"}
	}
	return nil
}

// tickTime returns the net_ticktime of the node.
func (c Config) tickTime() time.Duration {
	if c.TickTime == 0 {
		return dist.DefaultTickTime
	}
	return c.TickTime
}
