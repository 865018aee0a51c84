package main

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/tlsdist"
)

// carrierFlags are the flags that erl calls -proto_dist, -ssl_dist_optfile and -ssl_dist_opt.
type carrierFlags struct {
	optfile string
	opts    []string // for example server_certfile=node.pem
}

// add adds the flags to a verb that makes a node.
func (f *carrierFlags) add(cmd *cobra.Command) {
	choiceFlag(cmd, "proto-dist", "",
		"`carrier` of connections, as erl -proto_dist takes it: inet_tcp, inet_tls, inet6_tcp or inet6_tls (default "+
			"inet_tcp, with TLS options inet_tls)",
		"inet_tcp", "inet_tls", "inet6_tcp", "inet6_tls")
	cmd.Flags().Lookup("proto-dist").DefValue = "" // it depends on the other flags
	cmd.Flags().StringVar(&f.optfile, "ssl-dist-optfile", "",
		"read the options of TLS from `file`, as erl -ssl_dist_optfile does")
	cmd.Flags().StringArrayVar(&f.opts, "ssl-dist-opt", nil,
		"an `option` of TLS such as server_certfile=node.pem or client_verify=verify_none, as in erl -ssl_dist_opt; it "+
			"counts before the file, and may be repeated")
	completeFlag(cmd, "ssl-dist-opt", tlsOptions...)
}

// tlsOptions are the words that shell completion offers for --ssl-dist-opt.
var tlsOptions = []string{
	"server_certfile=", "server_keyfile=", "server_cacertfile=", "server_password=", "server_verify=verify_peer",
	"server_fail_if_no_peer_cert=true", "server_versions=tlsv1.3",
	"client_certfile=", "client_keyfile=", "client_cacertfile=", "client_password=", "client_verify=verify_peer",
	"client_versions=tlsv1.3",
}

// apply writes the flags into the node's configuration.
func (f *carrierFlags) apply(cmd *cobra.Command, cfg *node.Config) error {
	if proto := cmd.Flags().Lookup("proto-dist"); proto.Changed {
		cfg.ProtoDist = proto.Value.String()
	}
	if f.optfile == "" && f.opts == nil {
		return nil
	}
	var words []string
	for _, opt := range f.opts {
		name, value, ok := strings.Cut(opt, "=")
		if !ok {
			return usagef("--ssl-dist-opt %s: want option=value, as in server_certfile=node.pem", opt)
		}
		words = append(words, name, value)
	}
	var err error
	if cfg.TLS, err = tlsdist.Read(f.optfile, words...); err != nil {
		return usageError{err}
	}
	return nil
}

// erl returns the flags of erl for a node that can connect to one with the configuration cfg. erl looks up a file name
// without a directory in other places than a shell does.
func (f *carrierFlags) erl(cfg node.Config) (words []string) {
	if cfg.ProtoDist != "" || cfg.TLS != nil {
		words = append(words, "-proto_dist", protoOf(cfg))
	}
	if f.optfile != "" {
		file, err := filepath.Abs(f.optfile)
		if err != nil {
			file = "./" + f.optfile
		}
		words = append(words, "-ssl_dist_optfile", file)
	}
	if len(f.opts) > 0 {
		words = append(words, "-ssl_dist_opt")
	}
	for _, opt := range f.opts {
		name, value, _ := strings.Cut(opt, "=")
		if strings.HasSuffix(name, "_password") {
			value = "THE_PASSWORD"
		}
		words = append(words, name, value)
	}
	return words
}

// simple matches words that neither a shell nor erl splits.
var simple = regexp.MustCompile(`^[\w./:=@+-]+$`)

// shellWords quotes words for a command line.
func shellWords(words []string) string {
	var b strings.Builder
	for _, w := range words {
		if !simple.MatchString(w) {
			w = shellQuote(w)
		}
		b.WriteString(" " + w)
	}
	return b.String()
}

// zflagsText quotes words for ERL_ZFLAGS. erl splits it at blanks that have no backslash before them.
func zflagsText(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		for _, r := range w {
			if strings.ContainsRune(" \t\\'\"", r) {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// protoOf returns the carrier that a node uses with a configuration.
func protoOf(cfg node.Config) string {
	switch {
	case cfg.ProtoDist != "":
		return cfg.ProtoDist
	case cfg.TLS != nil:
		return "inet_tls"
	}
	return "inet_tcp"
}
