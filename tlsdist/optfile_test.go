package tlsdist

import (
	"crypto/tls"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func parse(t *testing.T, text string) *Options {
	t.Helper()
	o, err := Parse("dist.conf", []byte(text))
	require.NoError(t, err)
	return o
}

func TestTheFileOfTheManualOfOTPIsRead(t *testing.T) {
	o := parse(t, `%% The example of the SSL user's guide, and more.
[{server,
  [{certfile, "/etc/ssl/erlserver.pem"},
   {cacertfile, <<"/etc/ssl/client_trusted.pem">>},
   {verify, verify_peer}, {fail_if_no_peer_cert, true},
   {secure_renegotiate, true}, {depth, 2}]},
 {client,
  [{cacertfile, "/etc/ssl/client_trusted.pem"},
   {certfile, "cert.pem"}, {keyfile, "key.pem"}, {password, "secret"},
   {versions, ['tlsv1.3', 'tlsv1.2']},
   {hibernate_after, 600}]}].
`)
	require.Equal(t, []KeyPair{{CertFile: "/etc/ssl/erlserver.pem"}}, o.Server.Certs)
	require.Equal(t, "/etc/ssl/client_trusted.pem", o.Server.CACertFile)
	require.Equal(t, 2, o.Server.Depth)
	require.False(t, o.Server.VerifyNone)
	require.False(t, o.Server.PeerCertOptional)
	require.Equal(t, []KeyPair{{"cert.pem", "key.pem", "secret"}}, o.Client.Certs)
	require.False(t, o.Client.VerifyNone)
	require.Equal(t, uint16(tls.VersionTLS12), o.Client.MinVersion)
	require.Equal(t, uint16(tls.VersionTLS13), o.Client.MaxVersion)
	require.Empty(t, o.Notes)
	require.Equal(t, "dist.conf", o.File)
}

func TestWhereReleasesDifferTheStricterDefaultCounts(t *testing.T) {
	o := parse(t, "[{server, []}, {client, []}].")
	require.True(t, o.Server.VerifyNone, "every release")
	require.False(t, o.Client.VerifyNone, "OTP 26")
	o = parse(t, "[{server, [{verify, verify_peer}]}].")
	require.False(t, o.Server.PeerCertOptional, "OTP 26")
	low, high := o.Server.versions()
	require.Equal(t, []uint16{tls.VersionTLS12, tls.VersionTLS13}, []uint16{low, high}, "with either")
	o = parse(t, "[].")
	require.True(t, o.Server.VerifyNone)
	require.False(t, o.Client.VerifyNone)
}

func TestEveryOptionThatIsHonouredIsTaken(t *testing.T) {
	for text, check := range map[string]func(Side) bool{
		`{verify, verify_none}`:                                 func(s Side) bool { return s.VerifyNone },
		`{depth, 0}`:                                            func(s Side) bool { return s.Depth == -1 },
		`{depth, 255}`:                                          func(s Side) bool { return s.Depth == 255 },
		`{server_name_indication, disable}`:                     func(s Side) bool { return s.AnyServerName },
		`{server_name_indication, "other"}`:                     func(s Side) bool { return s.ServerName == "other" },
		`{server_name_indication, undefined}`:                   func(s Side) bool { return !s.AnyServerName && s.ServerName == "" },
		`{versions, [tlsv1]}`:                                   func(s Side) bool { return s.MaxVersion == tls.VersionTLS10 },
		`{versions, ['tlsv1.1', 'tlsv1.2']}`:                    func(s Side) bool { return s.MinVersion == tls.VersionTLS11 && s.MaxVersion == tls.VersionTLS12 },
		`{verify_fun, {fun inet_tls_dist:verify_client/3, []}}`: func(s Side) bool { return !s.VerifyNone },
		`{supported_groups, [x448, secp384r1, x25519]}`:         func(s Side) bool { return len(s.Groups) == 2 && s.Groups[0] == tls.CurveP384 },
		`{eccs, [secp521r1]}`:                                   func(s Side) bool { return s.Groups[0] == tls.CurveP521 },
		`{certs_keys, [#{certfile => "a", keyfile => "b"}, #{certfile => "c", password => <<"p">>}]}`: func(s Side) bool {
			return len(s.Certs) == 2 && s.Certs[0] == KeyPair{"a", "b", ""} && s.Certs[1] == KeyPair{"c", "", "p"}
		},
		`{crl_check, false}`:           func(Side) bool { return true },
		`{protocol, tls}`:              func(Side) bool { return true },
		`{ktls, true}`:                 func(Side) bool { return true },
		"{certfile, \"\xc3\xa9.pem\"}": func(s Side) bool { return s.Certs[0].CertFile == "é.pem" },
	} {
		require.True(t, check(parse(t, "[{client, ["+text+"]}].").Client), text)
	}
}

func TestWhatCannotBeHonouredIsRefusedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		`{verify_fun, {fun mydist:verify/3, x}}`: "3:16: client option verify_fun: cannot be honoured",
		`{crl_check, true}`: "3:15: client option crl_check: cannot be honoured as " +
			"true; leave it out, or say false",
		`{partial_chain, fun m:f/1}`: "3:19: client option partial_chain: cannot be honoured; " +
			"leave it out",
		`{protocol, dtls}`: "client option protocol: cannot be honoured as dtls; " +
			"leave it out, or say tls",
		`{signature_algs, [{sha256, rsa}]}`: "client option signature_algs: cannot be honoured",
		`{cacerts, [<<1>>]}`:                "client option cacerts: cannot be honoured",
		`{sni_fun, fun m:f/1}`:              "client option sni_fun: cannot be honoured",
		`{password, fun m:f/0}`:             "client option password: want a string",
		`{password, secret}`:                "client option password: want a string",
		`{cacertflie, "x"}`: "3:16: client option cacertflie: is no TLS option that is " +
			"known here; is it misspelt?",
		`{verify, peer}`:          "want verify_peer or verify_none instead of peer",
		`{verify, "verify_peer"}`: "want verify_peer or verify_none instead of \"verify_peer\"",
		`{depth, -1}`:             "want a number within 0 and 255 instead of -1",
		`{certfile, ""}`:          "want the name of a file instead of []",
		`{certfile, [a]}`:         "want a string instead of [a]",
		`{certfile, [16#d800]}`:   "want a string instead of",
		`{certfile, "a", "b"}`:    "want {Option, Value} instead of {certfile,",
		`verify_peer`:             "want {Option, Value} instead of verify_peer",
		`{verify, verify_none}, {verify, verify_peer}`: "3:35: client option verify: is given a second time",
		`{versions, ['tlsv1.3', 'tlsv1.1']}`:           "leaves out 'tlsv1.2' between others",
		`{versions, [sslv3]}`: "want tlsv1 or 'tlsv1.1' or 'tlsv1.2' or 'tlsv1.3' " +
			"instead of sslv3",
		`{versions, []}`:  "want a list such as",
		`{keyfile, "k"}`:  "3:13: client option keyfile: has no certfile to go with",
		`{password, "k"}`: "client option password: has no certfile to go with",
		`{certs_keys, [#{certfile => "a"}]}, {certfile, "b"}`: "client option certs_keys: stands in the place of certfile",
		`{certs_keys, [#{keyfile => "a"}]}`:                   "has no certfile",
		`{certs_keys, [#{cert => <<1>>}]}`:                    "want certfile, keyfile or password instead of cert",
		`{certs_keys, []}`:                                    "want a list of maps",
		`{certs_keys, [a]}`:                                   "want a map with certfile and keyfile instead of a",
		`{supported_groups, [x448]}`:                          "names no group that Go's crypto/tls has",
		`{supported_groups, [y25519]}`:                        "y25519 is no group",
		`{eccs, all}`:                                         "want a list such as",
	} {
		_, err := Parse("dist.conf", []byte("[\n {client, [\n  "+text+"]}]."))
		var refused *OptionError
		require.ErrorAs(t, err, &refused, text)
		require.Contains(t, err.Error(), "tlsdist: dist.conf:3:", text)
		require.Contains(t, err.Error(), want, text)
		require.Equal(t, "client", refused.Side)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestOptionsOfTheServerAlone(t *testing.T) {
	_, err := Parse("f", []byte("[{server, [{fail_if_no_peer_cert, true}]}]."))
	require.EqualError(t, err, "tlsdist: f:1:35: server option fail_if_no_peer_cert: goes with {verify, verify_peer} only")
	o := parse(t, "[{server, [{verify, verify_peer}, {fail_if_no_peer_cert, false}]}].")
	require.True(t, o.Server.PeerCertOptional)
	_, err = Parse("f", []byte(`[{server, [{server_name_indication, "x"}]}].`))
	require.EqualError(t, err, "tlsdist: f:1:37: server option server_name_indication: is a client's option")
	o = parse(t, "[{client, [{fail_if_no_peer_cert, true}]}].")
	require.Len(t, o.Notes, 1)
	require.Equal(t, "dist.conf:1:35: client option fail_if_no_peer_cert: is a server's option; OTP 26 and later "+
		"refuse it for a client", o.Notes[0].String())
}

func TestAFileOfAnotherFormIsRefusedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		``:                               "tlsdist: f: is empty; want",
		`[]. []. `:                       "tlsdist: f:1:5: a second term; want one",
		`{server, []}.`:                  "tlsdist: f:1:1: want a list, ",
		`"server".`:                      "tlsdist: f:1:1: want a list, ",
		`[server].`:                      "tlsdist: f:1:2: want {server, Options} or {client, Options} instead of server",
		`[{sever, []}].`:                 "instead of {sever,[]}",
		`[{server, [], x}].`:             "instead of {server,[],x}",
		`[{server, true}].`:              "tlsdist: f:1:11: server options: want a list of {Option, Value} instead of true",
		`[{server, "options"}].`:         `server options: want a list of {Option, Value} instead of "options"`,
		`[{server, [{certfile, f()}]}].`: "tlsdist: f:1:24: ",
		`[{server, []}]`:                 "tlsdist: f:1:14: ",
	} {
		_, err := Parse("f", []byte(text))
		require.ErrorContains(t, err, want, text)
	}
	_, err := Parse("f", []byte(`[{client, [{customize_hostname_check, [{match_fun, public_key:pkix_verify_hostname_match_fun(https)}]}]}].`))
	require.ErrorAs(t, err, new(*etf.ParseError))
	require.ErrorContains(t, err, "what has to be evaluated is not read")
}

func TestOfTwoListsOfOneSideTheLastCounts(t *testing.T) {
	o := parse(t, `[{client, [{certfile, "a"}]}, {client, [{cacertfile, "b"}]}].`)
	require.Empty(t, o.Client.Certs)
	require.Equal(t, "b", o.Client.CACertFile)
}

func TestWordsOfTheCommandLineCountBeforeTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dist.conf")
	write(t, file, `[{server, [{certfile, "a"}, {keyfile, "k"}]}, {client, [{verify, verify_none}]}].`)
	o, err := Read(file, "server_certfile", "b", "client_verify", "verify_peer", "client_cacertfile", "ca",
		"server_depth", "3",
		"client_ciphers", "ECDHE-RSA-AES256-GCM-SHA384", "client_versions", "tlsv1.2", "server_fail_if_no_peer_cert", "false",
		"server_verify", "verify_peer", "server_verify_fun", "{inet_tls_dist,verify_client,[]}")
	require.NoError(t, err)
	require.Equal(t, []KeyPair{{CertFile: "b", KeyFile: "k"}}, o.Server.Certs)
	require.Equal(t, 3, o.Server.Depth)
	require.True(t, o.Server.PeerCertOptional)
	require.False(t, o.Client.VerifyNone)
	require.Equal(t, "ca", o.Client.CACertFile)
	require.Equal(t, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}, o.Client.CipherSuites)
	require.Equal(t, uint16(tls.VersionTLS12), o.Client.MaxVersion)

	for want, words := range map[string][]string{
		"option client_verify: has no value":                {"client_verify"},
		"option verify: is no word of -ssl_dist_opt":        {"verify", "verify_none"},
		"option client_nosuch: is no word of -ssl_dist_opt": {"client_nosuch", "x"},
		"client option verify: want verify_peer or":         {"client_verify", "yes"},
		"client option depth: want a number":                {"client_depth", "x"},
		"client option verify: is given a second time":      {"client_verify", "verify_none", "client_verify", "verify_none"},
		"server option verify_fun: cannot be honoured":      {"server_verify_fun", "{m,f,x}"},
		"server option certfile: want the name of a file":   {"server_certfile", ""},
	} {
		_, err := Read("", words...)
		require.ErrorAs(t, err, new(*OptionError))
		require.ErrorContains(t, err, "tlsdist: "+want)
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	_, err := ReadFile("/no/such/dist.conf")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "/no/such/dist.conf")
}

func TestAPasswordIsNeverPrinted(t *testing.T) {
	o := parse(t, `[{client, [{certfile, "a"}, {password, "TOPSECRET"}]}].`)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, strings.ToUpper(sprintf(verb, o.Client)), "TOPSECRET", verb)
		require.NotContains(t, strings.ToUpper(sprintf(verb, *o)), "TOPSECRET", verb)
	}
}
