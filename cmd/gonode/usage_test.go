package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAWrongCommandLineIsExplainedAndExitsWith2(t *testing.T) {
	home := alone(t)
	host := shortHost(t)
	for line, text := range map[string]string{
		"rnu":                               `unknown command "rnu"; did you mean run?`,
		"frobnicate":                        `unknown command "frobnicate"` + "\nSee gonode --help.",
		"run extra":                         `want no arguments, got "extra"`,
		"version 2":                         `want no arguments, got "2"`,
		"ping":                              "want NODE, got 0 of them",
		"ping a b":                          "want NODE, got 2 words",
		"names a b":                         "want HOST, got 2 words",
		"call a b":                          "want NODE NAME TERM, got 2 of them",
		"call a b {c, d}":                   "want NODE NAME TERM, got 4 words; put TERM in single quotes",
		"cast a":                            "want NODE NAME TERM, got 1 of them",
		"ping a -o xml":                     `invalid argument "xml" for "-o, --output" flag: want term or json`,
		"names -o term":                     "want text or json",
		"cast a b c -o json":                "unknown flag -o",
		"run --epmd none":                   "want auto or embedded or external",
		"run --port-min 70000":              `invalid argument "70000" for "--port-min" flag`,
		"run --port-max 9000":               "--port-max: 9000 needs a PortMin",
		"run --port-min 9 --port-max 8":     "--port-max: 8 is below PortMin 9",
		"run --listen localhost":            `--listen: "localhost" is no IP address`,
		"run --sname a --name b":            "[name sname] were all set",
		"run --sname a.b":                   `node name (--sname, --name): "a.b" may have letters, digits, - and _ in front of the @`,
		"run --sname a@b.c":                 `host "b.c" has a dot, which needs long names`,
		"run --sname undefined":             "run needs a name of its own",
		"doctor":                            "want NODE, got 0 of them",
		"run --logger-node a.b":             "--logger-node:",
		"doctor a -o term":                  "want text or json",
		"run --sname @b":                    "has no name in front of the @",
		"run --name a@b@c":                  "has no valid host behind the @",
		"ping --timeout soon a":             `invalid argument "soon" for "--timeout" flag`,
		"ping --timeout -1s a":              "--timeout -1s is negative; 0 waits for ever",
		"ping --sname":                      "flag needs an argument: --sname",
		"ping -o":                           "flag needs an argument: 'o' in -o",
		"ping --sname= a":                   "--sname is empty",
		"ping --name= a":                    "--name is empty",
		"ping --cookie= a":                  "--cookie is empty",
		"ping --cookie-file= a":             "--cookie-file is empty",
		"ping --cookie a --cookie-file b c": "[cookie cookie-file] were all set",
		"ping @":                            `NODE: "@" has no name in front of the @`,
		"ping a@":                           `NODE: "a@" has no valid host behind the @`,
		"ping a@b@c":                        "has no valid host behind the @",
		"ping ä@b":                          "may have letters, digits, - and _ in front of the @",
		"ping --sname x a@b.c": "a@b.c has a long name, and nodes with long and with short names never " +
			"connect: give --name instead of --sname",
		"ping --name x@y.z a@b": "a@b has a short name, and nodes with long and with short names never " +
			"connect: give --sname instead of --name",
		"ping --sname me me": "me@" + host + " is the name that this side was given",
		"call a b c d":       "put TERM in single quotes",
		"call a b {c,":       "TERM is not a term in Erlang syntax: line 1, column 3: expected a term",
		"cast a b Var":       "TERM is not a term in Erlang syntax: line 1, column 1",
		"call a b -1": "-1 is no flag; a term that begins with - goes behind --, as in: gonode " +
			"call NODE NAME -- -1",
		"cast a b -1.5e3":                              "goes behind --",
		"names a@b":                                    `HOST: "a@b" is a node; want its host, b`,
		"names a:1":                                    "the port of EPMD is taken from ERL_EPMD_PORT",
		"names -sname x":                               "unknown flag -sname; here it is --sname",
		"run -name x":                                  "unknown flag -name; here it is --name",
		"names --sname x":                              "unknown flag --sname\nSee ",
		"run -hidden":                                  "the node is hidden without being told",
		"run --hidden":                                 "the node is hidden without being told",
		"run -proto_dist inet_tls":                     "unknown flag -proto_dist; here it is --proto-dist",
		"ping --proto-dist tls a":                      "want inet_tcp or inet_tls or inet6_tcp or inet6_tls",
		"ping --proto-dist inet_tls a":                 "--ssl-dist-optfile: inet_tls needs TLS options",
		"ping --ssl-dist-optfile= a":                   "--ssl-dist-optfile is empty",
		"ping --ssl-dist-optfile no/x a":               "optfile: open no/x: no such file",
		"ping --ssl-dist-opt x a":                      "--ssl-dist-opt x: want option=value",
		"ping --ssl-dist-opt x=1 a":                    "option x: is no word of -ssl_dist_opt",
		"run --ssl-dist-opt client_verify=verify_none": "server option certfile: is missing",
		"run --ssl-dist-opt client_cacertfile=no/x":    "client option cacertfile: no/x: no such file",
		"run --proto-dist inet_tcp --ssl-dist-opt client_verify=verify_none": "inet_tcp makes no use of it",
		"run --proto-dist inet6_tcp --listen 127.0.0.1":                      "--listen: 127.0.0.1 is an IPv4 address",
		"run --listen ::1": "--listen: ::1 is an IPv6 address; want one of IPv4, or another ProtoDist (inet6_tcp, inet6_tls)",
		"run -xyz":         "unknown flag -xyz",
		"run --wrong=1":    "unknown flag --wrong",
	} {
		fails(t, exitUsage, strings.Fields(line), text, " --help.\n")
	}
	fails(t, exitUsage, []string{"call", "a", "", "x"}, "NAME is empty")
	fails(t, exitUsage, []string{"call", "a", strings.Repeat("x", 256), "x"}, "NAME: ", "255")
	fails(t, exitUsage, []string{"names", ""}, "HOST is empty")
	require.NoFileExists(t, filepath.Join(home, ".erlang.cookie"), "a typing error leaves no file behind")
}

func TestAnUnusableEnvironmentExitsWith2(t *testing.T) {
	alone(t)
	t.Setenv("ERL_EPMD_PORT", "many")
	for _, args := range [][]string{{"names"}, {"ping", "a"}, {"run"}, {"call", "a", "b", "c"}} {
		fails(t, exitUsage, args, `ERL_EPMD_PORT="many": want a port, 1 to 65535`)
	}
	t.Setenv("ERL_EPMD_PORT", "")
	t.Setenv(cookieVar, "日本")
	fails(t, exitUsage, []string{"ping", "a"}, "the cookie from GONODE_COOKIE is not 1 to 255 characters of Latin-1")
	t.Setenv(cookieVar, strings.Repeat("x", 256))
	fails(t, exitUsage, []string{"run"}, "the cookie from GONODE_COOKIE is not 1 to 255 characters of Latin-1")
}

// The helper gonode checks that no output contains the cookie.
func TestNoWrongCommandLineRepeatsTheCookie(t *testing.T) {
	alone(t)
	for _, line := range []string{
		"run -cookie SECRET", "run -cookie=SECRET", "run -setcookie SECRET", "run -setcookie=SECRET",
		"run --setcookie=SECRET",
		"run --setcookie SECRET", "run --cooki=SECRET", "run -c=SECRET", "run -c SECRET", "-setcookie SECRET run",
		"names --cookie SECRET",
		"names --cookie=SECRET", "--cookie=SECRET", "run --cookie SECRET --cookie-file x", "run --cookie SECRET --sname a.b",
		"ping --cookie SECRET --timeout x a", "version --cookie=SECRET", "ping -v --cookie SECRET",
	} {
		fails(t, exitUsage, strings.Fields(strings.ReplaceAll(line, "SECRET", secret)))
	}
	fails(t, exitUsage, []string{"ping", "--cookie", strings.Repeat(secret, 20), "a"},
		"the cookie from --cookie is not 1 to 255")
}

func TestHelpIsDataAndTellsTheExitCodes(t *testing.T) {
	help := prints(t, "--help")
	for _, text := range []string{"2  usage", "3  cannot connect", "4  refused in the handshake", "5  time-out",
		"6  the remote process", cookieVar, "ERL_EPMD_PORT"} {
		require.Contains(t, help, text)
	}
	require.Equal(t, help, prints(t))
	for _, c := range newRoot(&options{}).Commands() {
		text := prints(t, c.Name(), "--help")
		require.Contains(t, text, "Usage:")
		require.Equal(t, text, prints(t, "help", c.Name()))
		if c.Name() != "version" {
			require.Contains(t, text, "Examples:", c.Name())
		}
	}
}

func TestTheVersionIsTold(t *testing.T) {
	require.Regexp(t, `^gonode \S+ go1\.\S+ \w+/\w+$`, prints(t, "version"))
	require.Regexp(t, `^\{"version":"[^"]+",("revision":"\w+",)?"go":"go1\.[^"]+","platform":"\w+/\w+"\}$`,
		prints(t, "version", "-o", "json"))
	require.Regexp(t, `^gonode \S+$`, prints(t, "--version"))
}

func TestShellsGetCompletions(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		require.Contains(t, prints(t, "completion", shell), "gonode")
	}
}

func TestACookieFileHasToBeAPrivateOne(t *testing.T) {
	alone(t)
	file := filepath.Join(t.TempDir(), "cookie")
	fails(t, exitFailure, []string{"ping", "a", "--cookie-file", file}, "cookie file "+file+": cannot be read",
		"no such file")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o644))
	fails(t, exitFailure, []string{"run", "--cookie-file", file}, "has mode 0644", "chmod 400")
	require.NoError(t, os.Chmod(file, 0o400))
	fails(t, exitConnect, []string{"ping", "a", "--cookie-file", file}, "no EPMD answers")
}

func TestStandardInputThatEndsTooEarlyOrNever(t *testing.T) {
	alone(t)
	for stdin, text := range map[string]string{
		"":                          "standard input is not a term in Erlang syntax",
		"[1,\n 2":                   "standard input is not a term in Erlang syntax: line 2, column 2",
		"a. b.":                     "standard input is not a term",
		strings.Repeat(" ", 17<<20): "standard input is not a term",
	} {
		r := gonodeWith(t, stdin, "call", "a", "b", "-")
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.err, text)
	}
}
