package archtest

// Module is the import path that the rules are about.
const Module = "github.com/gonode-otp/gonode"

// Layer is a package, or a folder of packages, and what it may import of this module. Its own sub-packages are always
// allowed.
type Layer struct {
	Dir string
	May []string
	Why string // why no more than that: the text that a failure shows
	// Future marks a package of the plan that is not there yet. The mark has to go when the package comes; from then
	// on a package that is gone is a failure.
	Future bool
}

// Layers is the list of DESIGN.md, section 3, bottom-up.
var Layers = []Layer{
	{Dir: "etf", Why: "terms are the ground that everything stands on: standard library only"},
	{Dir: "epmd", Why: "EPMD knows nothing of terms or of the distribution: standard library only"},
	{Dir: "dist", May: []string{"etf"},
		Why: "one connection to one peer knows neither processes nor the node it belongs to"},
	{Dir: "tlsdist", May: []string{"etf"},
		Why: "TLS options become configurations of crypto/tls; whoever has a connection uses them"},
	{Dir: "genserv", May: []string{"etf"},
		Why: "the contract of a server stays testable without sockets and without a node"},
	{Dir: "supervisor", May: []string{"etf", "genserv"},
		Why: "a supervisor is a gen_server like any other: it asks its node for nothing that they cannot ask for"},
	{Dir: "appup", May: []string{"etf"},
		Why: "upgrade files become plans by pure functions over terms"},
	{Dir: "codechange", May: []string{"etf", "genserv", "appup"},
		Why: "a plan runs against an interface of codechange, which node implements"},
	{Dir: "heapfloor", Why: "it is about the program, not about a node: standard library only"},
	{Dir: "node/internal/beamlog", May: []string{"etf", "genserv"},
		Why: "events become terms; who sends them is not its business"},
	{Dir: "node/internal/cookie", Why: "the file of a user's cookie has to do with no node: standard library only"},
	{Dir: "node/internal/nodename", Why: "the form of a name has to do with no node: standard library only"},
	{Dir: "node/internal/transport", May: []string{"dist", "etf", "tlsdist"},
		Why: "a connection and its carrier know nothing of the node that they are opened for"},
	{Dir: "releasehandler", May: []string{"etf", "genserv", "appup", "codechange"},
		Why: "the release handler reads releases and has codechange run their scripts; it knows no node"},
	{Dir: "node/internal/application", May: []string{"etf", "genserv", "codechange", "releasehandler"},
		Why: "applications ask of their node what the interface Host has"},
	{Dir: "node/internal/kernel", May: []string{"etf", "genserv", "supervisor"},
		Why: "kernel services ask of their node what the interface Host has"},
	{Dir: "node/internal/operator", May: []string{"etf", "genserv", "node/internal/kernel"},
		Why: "what operators ask for comes from the node by the interface Host"},
	{Dir: "node/internal/upgrade", May: []string{"etf", "genserv", "supervisor", "appup", "codechange", "releasehandler",
		"node/internal/kernel"},
		Why: "what an upgrade asks of its node is the interface Node"},
	{Dir: "node", May: []string{"etf", "epmd", "dist", "tlsdist", "genserv", "supervisor", "appup", "codechange",
		"releasehandler"},
		Why: "node composes the packages above it in DESIGN.md and nothing below"},
	{Dir: "node/nodediag", May: []string{"etf", "epmd", "dist", "tlsdist", "genserv", "node"},
		Why: "it walks the way of a node that is configured, and starts none"},
	{Dir: "pg", May: []string{"etf", "genserv", "node"},
		Why: "process groups are a server and its functions, like those that users write"},
	{Dir: "phoenix/pubsub", May: []string{"etf", "genserv", "node", "pg", "supervisor"},
		Why: "what Elixir programs use of Phoenix stands on the library as a program of a user does"},
	{Dir: "phoenix/tracker/internal/crdt", May: []string{"etf"},
		Why: "what replicas agree on is a value: no time, no processes and no messages"},
	{Dir: "phoenix/tracker", May: []string{"etf", "genserv", "node", "supervisor", "phoenix/pubsub"},
		Why: "a tracker is servers like those of a user"},
	{Dir: "upgradetest", May: []string{"etf", "genserv", "appup", "codechange", "releasehandler", "node"},
		Why: "the kit for tests of upgrades is a user of the library"},
	{Dir: "ergohost", May: []string{"etf", "genserv", "node"},
		Why: "the bridge to ergo is a user of the library"},
	{Dir: "examples", May: []string{"etf", "genserv", "supervisor", "codechange", "releasehandler", "node",
		"upgradetest", "phoenix/pubsub",
		"phoenix/tracker"},
		Why: "an example shows what a user of the library writes"},
	{Dir: "examples/depo", May: []string{"etf", "genserv", "supervisor", "codechange", "node", "examples/internal"},
		Why: "an example with a database, in a module of its own, shows what a user of the library writes"},
	{Dir: "cmd/gonode", May: []string{"etf", "epmd", "dist", "tlsdist", "genserv", "supervisor", "appup", "codechange",
		"releasehandler", "heapfloor", "node", "examples"},
		Why: "the command is a user of the library"},
	{Dir: "gonodetest", May: []string{"etf", "epmd", "dist"},
		Why: "the test kit plays the other side of the wire; importing node would bring a second one into every test"},
	{Dir: "integration/erlang", May: []string{"etf", "epmd", "dist", "tlsdist", "genserv", "supervisor", "appup",
		"codechange", "releasehandler", "node", "pg", "examples", "gonodetest", "internal/scripted"},
		Why: "integration tests see what users and peers see"},
	{Dir: "bench", May: []string{"etf", "epmd", "dist", "genserv", "heapfloor", "node", "gonodetest"},
		Why: "a benchmark measures the packages and is imported by none"},
	{Dir: "internal/archtest", Why: "the keeper of the rules depends on nothing it watches"},
	{Dir: "internal/release", Why: "the maker of releases builds the command from outside, by the go command"},
	{Dir: "internal/scripted", May: []string{"etf", "genserv"},
		Why: "a server for tests of the contract, and of nodes that host it, needs the contract alone"},
	{Dir: "internal/fakehost", May: []string{"etf", "genserv", "codechange"},
		Why: "a node for tests of upgrades, of the engine and of the release handler, is an engine's host alone"},
	{Dir: "internal/soak", Why: "tests of every package ask it how much they are to do"},
	{Dir: "internal/termgen", May: []string{"etf"}, Why: "random terms for tests need the terms alone"},
}

// restriction is a package, of the standard library or of somebody else, that only some files may import. A place
// that ends in a slash is a folder, any other one a pattern of path.Match.
type restriction struct {
	path   string // with "/..." for the packages below it too
	places []string
	why    string
}

var restrictions = []restriction{
	// statetype.go looks at the types of states, for code changes and for showing them; callbacks.go at the methods of a
	// server, once.
	{"reflect", []string{"etf/marshal*.go", "etf/unmarshal*.go", "genserv/statetype.go", "genserv/callbacks.go"},
		"reflection is for Marshal and Unmarshal; nothing on the way of a message may need it"},
	// atomcache_out.go and refcache.go tell strings that are the same by where their text lies, which spares them the
	// text of most atoms. raw_linux.go makes system calls that the scheduler does not hear of, which spares two more of
	// them for each. uncleared.go takes memory for frames that nobody has cleared. box.go makes a Term of a value that
	// lies in a chunk, which saves decoding most of its allocations.
	{"unsafe", []string{"dist/atomcache_out.go", "dist/raw_linux.go", "dist/uncleared.go", "etf/box.go",
		"etf/refcache.go", "etf/decode_small.go"},
		"a file that has to use it is listed here, with what it gains by it"},
	{"C", nil, "a fresh machine needs Go only"},
	// tlsdist reads addresses and the errors of connections; it opens none.
	{"net/...", []string{"epmd/", "dist/", "tlsdist/", "node/", "cmd/", "gonodetest/", "integration/", "bench/"},
		"sockets belong to epmd and node, and to dist as a connection that it is given"},
	// freeze_git.go asks git for a package as it was.
	{"os/exec", []string{"gonodetest/", "integration/", "bench/", "internal/release/", "cmd/gonode/freeze_git.go"},
		"the library starts no programs"},
	{"log", []string{"cmd/", "bench/"},
		"a library logs to the slog.Logger it is given"},
	{"log/slog", []string{"genserv/", "internal/fakehost/", "supervisor/", "node/", "cmd/", "examples/", "integration/",
		"bench/", "upgradetest/"},
		"only node logs; the packages below it return errors, take a hook or go through an interface"},
	{"testing/...", []string{"gonodetest/", "integration/", "internal/soak/", "upgradetest/"},
		"a package that programs import must not bring the testing flags with it"},
	{"ergo.services/...", []string{"ergohost/"},
		"only the bridge to ergo, a module of its own, imports it: who does not use it does not pay for it"},
	{"github.com/ergo-services/...", []string{"bench/"},
		"only the benchmark measures the ergo of old"},
	// One system call for several buffers without waiting for the socket; the standard library only has one that waits.
	{"golang.org/x/sys/...", []string{"dist/raw_linux.go"},
		"the system is reached through the standard library, except for writev"},
	{"modernc.org/sqlite", []string{"examples/depo/"},
		"only Depo, a module of its own, has a database"},
	{"github.com/spf13/...", []string{"cmd/", "examples/internal/nodecmd/*.go", "examples/*/cmd/*.go"},
		"the command line is no business of the library"},
	{"github.com/stretchr/...", nil, "assertions are for test files"},
	{"go.uber.org/goleak", nil, "leak checks are for test files"},
}

// libraries are the folders whose code runs inside somebody else's program.
var libraries = []string{"etf/", "epmd/", "dist/", "genserv/", "supervisor/", "appup/", "codechange/",
	"releasehandler/", "node/", "heapfloor/", "gonodetest/", "upgradetest/", "internal/archtest/",
	"internal/fakehost/", "internal/scripted/", "internal/soak/", "internal/termgen/"}

// pure are the packages that start no goroutines.
var pure = []string{"etf/", "appup/", "genserv/", "supervisor/", "codechange/", "releasehandler/"}

// trying is the file of genserv.Try, which may start one: the function that it runs may end its goroutine, which
// cannot be undone (runtime.Goexit).
const trying = "genserv/crash.go"

// ban is a function that some folders must not call.
type ban struct {
	path   string // import path, "" for a builtin
	names  []string
	places []string // nil: everywhere
	why    string
}

var bans = []ban{
	{"time", []string{"Sleep"}, nil,
		"wait for the thing itself: a channel, a condition, a timer in a select with a context"},
	{"time", []string{"After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}, []string{"etf/", "appup/", "genserv/"},
		"this package has no clock of its own; genserv asks its Proc for timers"},
	{"time", []string{"Now", "Since", "Until"}, []string{"etf/", "appup/"},
		"the result of a pure package does not depend on the time"},
	{"fmt", []string{"Print", "Printf", "Println"}, libraries,
		"standard output belongs to the program; a library returns errors or logs to the slog.Logger it is given"},
	{"os", []string{"Exit"}, libraries,
		"only a program may end itself; a library returns an error"},
	{"", []string{"print", "println"}, nil,
		"the builtin is for debugging"},
}

// recovers says how many calls of recover a package may have. Packages that are not listed have none.
var recovers = map[string]int{
	"genserv": 1, // around the user's callbacks: a panic becomes an exit reason with a stack
}
