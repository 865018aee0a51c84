package tlsdist

import (
	"crypto/tls"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// honoured are the options that do something here. The list of all of them is that of OTP 25 to 28, ssl_internal.hrl
// and ssl_config.erl.
var honoured = map[etf.Atom]func(*sideReader, etf.Atom, etf.Node) error{
	"certfile": func(s *sideReader, name etf.Atom, v etf.Node) (err error) {
		s.pair.CertFile, err = s.readFileName(name, v)
		return err
	},
	"keyfile": func(s *sideReader, name etf.Atom, v etf.Node) (err error) {
		s.pair.KeyFile, err = s.readFileName(name, v)
		return err
	},
	"password": func(s *sideReader, name etf.Atom, v etf.Node) (err error) {
		s.pair.Password, err = s.secret(name, v)
		return err
	},
	"cacertfile": func(s *sideReader, name etf.Atom, v etf.Node) (err error) {
		s.side.CACertFile, err = s.readFileName(name, v)
		return err
	},
	"certs_keys":             (*sideReader).certsKeys,
	"verify":                 (*sideReader).verify,
	"verify_fun":             (*sideReader).verifyFun,
	"fail_if_no_peer_cert":   (*sideReader).failIfNoPeerCert,
	"versions":               (*sideReader).versions,
	"ciphers":                (*sideReader).ciphers,
	"supported_groups":       (*sideReader).groupNames,
	"eccs":                   (*sideReader).groupNames,
	"depth":                  (*sideReader).depth,
	"server_name_indication": (*sideReader).serverName,
}

// harmless are options that are about the BEAM, about speed, or about an order of preference that crypto/tls has of
// its own. Nothing gets less safe or fails to connect without them. Renegotiation goes the safe way in crypto/tls
// always, and it has no suites that would need a dhfile.
var harmless = []etf.Atom{
	"secure_renegotiate", "client_renegotiation", "honor_cipher_order", "honor_ecc_order", "reuse_sessions",
	"session_tickets",
	"hibernate_after", "log_level", "log_alert", "keep_secrets", "padding_check", "beast_mitigation", "max_handshake_size",
	"middlebox_comp_mode", "renegotiate_at", "key_update_at", "receiver_spawn_opts", "sender_spawn_opts", "erl_dist",
	"ktls",
	"dh", "dhfile", "crl_cache", "ocsp_nonce", "anti_replay", "cookie", "certificate_authorities", "fallback",
	// of the socket
	"nodelay", "keepalive", "reuseaddr", "backlog", "buffer", "recbuf", "sndbuf", "send_timeout", "send_timeout_close",
	"delay_send", "high_watermark", "low_watermark", "priority", "tos", "tclass", "linger",
}

var no, undefined = etf.Atom("false"), etf.Atom("undefined")

// onlyAs are options that cannot be honoured unless they have one of these values, which ask for nothing.
var onlyAs = map[etf.Atom][]etf.Term{
	"crl_check": {no}, "ocsp_stapling": {no}, "ocsp_responder_certs": {etf.List{}}, "stapling": {etf.Atom("no_staple")},
	"protocol": {etf.Atom("tls")}, "handshake": {etf.Atom("full")}, "customize_hostname_check": {etf.List{}},
	"early_data": {undefined, etf.Atom("disabled")}, "allow_any_ca_purpose": {no}, "cert_policy_opts": {etf.List{}},
	"psk_identity": {undefined}, "srp_identity": {undefined}, "user_lookup_fun": {undefined}, "sni_fun": {undefined},
	"sni_hosts": {etf.List{}}, "reuse_session": {undefined}, "max_fragment_length": {undefined}, "use_ticket": {undefined},
	"alpn_advertised_protocols": {undefined}, "alpn_preferred_protocols": {undefined},
	"next_protocols_advertised":       {undefined},
	"client_preferred_next_protocols": {undefined}, "signature_algs": {undefined}, "signature_algs_cert": {undefined},
	"partial_chain": nil, "cert": {undefined}, "key": {undefined}, "cacerts": {undefined}, "cb_info": nil,
}

// flagForms are the options that -ssl_dist_opt knows, and how each makes a term of its word.
// inet_tls_dist:ssl_option/2.
var flagForms = map[string]func(string) etf.Node{
	"certfile": charlist, "cacertfile": charlist, "keyfile": charlist, "password": charlist, "dhfile": charlist,
	"ciphers": charlist,
	"verify":  atom, "crl_check": atom, "reuse_sessions": atom, "secure_renegotiate": atom, "fail_if_no_peer_cert": atom,
	"ktls":      atom,
	"crl_cache": atom, "depth": number, "hibernate_after": number, "versions": listOfOne, "verify_fun": function,
}

func charlist(word string) etf.Node { return etf.Node{Term: etf.Charlist(word)} }
func atom(word string) etf.Node     { return etf.Node{Term: etf.Atom(word)} }

func listOfOne(word string) etf.Node {
	return etf.Node{Term: etf.List{etf.Atom(word)}, Elems: []etf.Node{atom(word)}}
}

func number(word string) etf.Node {
	if i, err := strconv.Atoi(word); err == nil {
		return etf.Node{Term: etf.Int(i)}
	}
	return atom(word)
}

// function reads {Module, Function, State}.
func function(word string) etf.Node {
	t, _ := etf.Parse(word)
	if mfa, ok := t.(etf.Tuple); ok && len(mfa) == 3 {
		module, _ := mfa[0].(etf.Atom)
		name, _ := mfa[1].(etf.Atom)
		return etf.Node{Term: etf.Tuple{etf.Export{Module: module, Function: name, Arity: 3}, mfa[2]}}
	}
	return atom(word)
}

func flagNames() string { return strings.Join(slices.Sorted(maps.Keys(flagForms)), ", ") }

// secret is text whose value is in no message.
func (s *sideReader) secret(name etf.Atom, v etf.Node) (string, error) {
	text, err := s.readText(name, v)
	if err != nil {
		err = s.fail(name, v.Pos, "want a string")
	}
	return text, err
}

func (s *sideReader) verify(name etf.Atom, v etf.Node) error {
	i, err := s.readAtom(name, v, "verify_peer", "verify_none")
	s.side.VerifyNone = i == 1
	return err
}

// verifyFun accepts the one function that OTP has for the purpose. It lets in whom net_kernel:allow/1 names; a node
// without such a list, as this is one, admits everybody whose certificate is trusted.
func (s *sideReader) verifyFun(name etf.Atom, v etf.Node) error {
	if t, ok := v.Term.(etf.Tuple); ok && len(t) == 2 {
		if etf.Equal(t[0], etf.Export{Module: "inet_tls_dist", Function: "verify_client", Arity: 3}) {
			return nil
		}
	}
	return s.fail(name, v.Pos, "cannot be honoured: only {fun inet_tls_dist:verify_client/3, _} can, the code of "+
		"others is Erlang's")
}

func (s *sideReader) failIfNoPeerCert(name etf.Atom, v etf.Node) error {
	i, err := s.readAtom(name, v, "true", "false")
	s.side.PeerCertOptional = i == 1
	return err
}

func (s *sideReader) depth(name etf.Atom, v etf.Node) error {
	d, ok := v.Term.(etf.Int)
	if !ok || d < 0 || d > 255 {
		return s.fail(name, v.Pos, "want a number within 0 and 255 instead of %s", shortText(v.Term))
	}
	if s.side.Depth = int(d); d == 0 {
		s.side.Depth = -1
	}
	return nil
}

func (s *sideReader) serverName(name etf.Atom, v etf.Node) (err error) {
	if s.role == "server" {
		return s.fail(name, v.Pos, "is a client's option")
	}
	if s.side.AnyServerName = etf.IsAtom(v.Term, "disable"); s.side.AnyServerName {
		return nil
	}
	if v.Term == etf.Term(undefined) {
		return nil
	}
	s.side.ServerName, err = s.readFileName(name, v)
	return err
}

// certsKeys reads the maps of OTP 25 and later, #{certfile => File, keyfile => File, password => Text}.
func (s *sideReader) certsKeys(name etf.Atom, v etf.Node) error {
	if !isList(v) || len(v.Elems) == 0 {
		return s.fail(name, v.Pos, "want a list of maps instead of %s", shortText(v.Term))
	}
	s.side.Certs = nil
	for _, e := range v.Elems {
		if _, ok := e.Term.(etf.Map); !ok {
			return s.fail(name, e.Pos, "want a map with certfile and keyfile instead of %s", shortText(e.Term))
		}
		var p KeyPair
		for i := 0; i < len(e.Elems); i += 2 {
			var err error
			switch key, value := e.Elems[i], e.Elems[i+1]; key.Term {
			case etf.Atom("certfile"):
				p.CertFile, err = s.readFileName(name, value)
			case etf.Atom("keyfile"):
				p.KeyFile, err = s.readFileName(name, value)
			case etf.Atom("password"):
				p.Password, err = s.secret(name, value)
			default:
				err = s.fail(name, key.Pos, "want certfile, keyfile or password instead of %s", shortText(key.Term))
			}
			if err != nil {
				return err
			}
		}
		if p.CertFile == "" {
			return s.fail(name, e.Pos, "has no certfile")
		}
		s.side.Certs = append(s.side.Certs, p)
	}
	return nil
}

// versionNames are those of OTP, oldest first.
var versionNames = []etf.Atom{"tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"}

// versions reads the list of versions. crypto/tls has a lowest and a highest one, so they must be neighbours; OTP
// insists on that for 1.3 and 1.2 alone (ssl:tls_validate_version_gap/1).
func (s *sideReader) versions(name etf.Atom, v etf.Node) error {
	if !isList(v) || len(v.Elems) == 0 {
		return s.fail(name, v.Pos, "want a list such as ['tlsv1.3', 'tlsv1.2'] instead of %s", shortText(v.Term))
	}
	var has [4]bool
	for _, e := range v.Elems {
		i, err := s.readAtom(name, e, versionNames...)
		if err != nil {
			return err
		}
		has[i] = true
	}
	low, high := slices.Index(has[:], true), 3
	for !has[high] {
		high--
	}
	for i := low; i <= high; i++ {
		if !has[i] {
			return s.fail(name, v.Pos, "leaves out '%s' between others, which cannot be done", string(versionNames[i]))
		}
	}
	s.side.MinVersion, s.side.MaxVersion = tls.VersionTLS10+uint16(low), tls.VersionTLS10+uint16(high)
	return nil
}
