package tlsdist

import (
	"crypto/tls"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// openssl has the names of OpenSSL for the cipher suites of crypto/tls. OTP takes them too. A suite of TLS 1.3 has the
// same name everywhere.
var openssl = map[string]uint16{
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-AES128-SHA256":     tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
	"ECDHE-RSA-AES128-SHA256":       tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	"ECDHE-RSA-DES-CBC3-SHA":        tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
	"ECDHE-ECDSA-RC4-SHA":           tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
	"ECDHE-RSA-RC4-SHA":             tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA,
	"AES128-SHA":                    tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES256-SHA": tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	"AES128-SHA256": tls.TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-GCM-SHA256": tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	"AES256-GCM-SHA384": tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "DES-CBC3-SHA": tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
	"RC4-SHA": tls.TLS_RSA_WITH_RC4_128_SHA,
}

// standard has the cipher suites of crypto/tls by their standard names.
var standard = func() map[string]uint16 {
	m := map[string]uint16{}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		m[s.Name] = s.ID
	}
	return m
}()

// The names of the other suites that OTP knows, standard and of OpenSSL. A name that neither crypto/tls nor OTP knows
// is a mistake.
var (
	otherStandard = regexp.MustCompile(`^TLS_(?:(?:(?:DHE|ECDHE?)_(?:RSA|ECDSA|DSS|PSK)|DH_(?:RSA|DSS|anon)|ECDH_anon|` +
		`RSA|PSK|RSA_PSK|SRP_SHA(?:_RSA|_DSS)?)_WITH_)?` +
		`(?:NULL|DES_CBC|RC4_128|3DES_EDE_CBC|AES_(?:128|256)_(?:CBC|GCM|CCM|CCM_8)|CHACHA20_POLY1305)` +
		`(?:_(?:MD5|SHA|SHA256|SHA384))?$`)
	otherOpenSSL = regexp.MustCompile(`^(?:(?:ADH|AECDH|(?:DHE|EDH|ECDHE?)-(?:RSA|ECDSA|DSS|PSK)|PSK|RSA-PSK|` +
		`SRP(?:-RSA|-DSS)?)-)?` +
		`(?:NULL|DES-CBC3?|RC4|3DES-EDE-CBC|AES-?(?:128|256)(?:-CBC|-GCM|-CCM8?)?|CHACHA20-POLY1305)` +
		`(?:-(?:MD5|SHA|SHA256|SHA384))?$`)
)

// ciphers reads a list of suites in any of OTP's forms: names, maps, tuples, or all names in one string with colons
// between (ssl:binary_cipher_suites/2). What OTP knows and crypto/tls does not is left out; it is an error only if
// nothing remains.
func (s *sideReader) ciphers(name etf.Atom, v etf.Node) error {
	s.side.CipherSuites = nil
	suites := v.Elems
	if !isList(v) {
		text, err := s.readText(name, v)
		if err != nil {
			return s.fail(name, v.Pos, "want a list of cipher suites instead of %s", shortText(v.Term))
		}
		suites = nil
		for word := range strings.SplitSeq(text, ":") {
			suites = append(suites, etf.Node{Term: etf.Charlist(word), Pos: v.Pos})
		}
	}
	for _, n := range suites {
		text, err := s.suiteName(name, n)
		if err != nil {
			return err
		}
		id, ok := standard[text]
		if !ok {
			id, ok = openssl[text]
		}
		switch {
		case ok && !slices.Contains(s.side.CipherSuites, id):
			s.side.CipherSuites = append(s.side.CipherSuites, id)
		case ok:
		case otherStandard.MatchString(text), otherOpenSSL.MatchString(text):
			s.addNote(name, n.Pos, "%s is left out: Go's crypto/tls does not have it", text)
		default:
			return s.fail(name, n.Pos, "%q is no cipher suite", text)
		}
	}
	// An empty list means the defaults, to OTP too.
	if len(suites) > 0 && len(s.side.CipherSuites) == 0 {
		return s.fail(name, v.Pos, "names no cipher suite that Go's crypto/tls has; ECDHE-RSA-AES256-GCM-SHA384 and "+
			"TLS_AES_256_GCM_SHA384 are some")
	}
	return nil
}

// suiteName returns the name of a suite. One that is a map or a tuple gets its standard name.
func (s *sideReader) suiteName(option etf.Atom, n etf.Node) (string, error) {
	var kx, cipher, mac, prf etf.Term
	switch t := n.Term.(type) {
	case etf.Map:
		for _, p := range t {
			switch p.Key {
			case etf.Atom("key_exchange"):
				kx = p.Value
			case etf.Atom("cipher"):
				cipher = p.Value
			case etf.Atom("mac"):
				mac = p.Value
			case etf.Atom("prf"):
				prf = p.Value
			}
		}
	case etf.Tuple:
		if len(t) != 3 && len(t) != 4 {
			return "", s.fail(option, n.Pos,
				"want {KeyExchange, Cipher, Mac} or {KeyExchange, Cipher, Mac, Prf} instead of %s", shortText(t))
		}
		kx, cipher, mac = t[0], t[1], t[2]
		if len(t) == 4 {
			prf = t[3]
		}
	default:
		return s.readText(option, n)
	}
	words := [4]string{}
	for i, t := range []etf.Term{kx, cipher, mac, prf} {
		a, ok := t.(etf.Atom)
		if !ok && t != nil {
			return "", s.fail(option, n.Pos, "want atoms in a cipher suite instead of %s", shortText(t))
		}
		words[i] = string(a)
	}
	return standardName(words[0], words[1], words[2], words[3]), nil
}

// standardName puts a name together of the parts that OTP has for a suite.
func standardName(kx, cipher, mac, prf string) string {
	name := "TLS_"
	if kx != "any" && kx != "" { // as the suites of TLS 1.3 are
		kx = strings.ToUpper(kx)
		kx = strings.NewReplacer("_ANON", "_anon", "SRP_anon", "SRP_SHA").Replace(kx)
		kx = strings.NewReplacer("SRP_DSS", "SRP_SHA_DSS", "SRP_RSA", "SRP_SHA_RSA").Replace(kx)
		name += kx + "_WITH_"
	}
	name += strings.ToUpper(cipher)
	hash := mac
	if mac == "aead" || strings.Contains(cipher, "gcm") || strings.Contains(cipher, "chacha20") ||
		strings.Contains(cipher, "ccm") {
		hash = prf // these have no MAC of their own
	}
	if hash != "default_prf" && hash != "null" && hash != "" {
		name += "_" + strings.ToUpper(hash)
	}
	return name
}

// cipherFault says why the suites do not go with the versions, "" if they do.
func (s *Side) cipherFault() string {
	if len(s.CipherSuites) == 0 {
		return ""
	}
	low, high := s.versions()
	if low > high {
		return fmt.Sprintf("has no cipher suite of %s to %s", tls.VersionName(s.MinVersion), tls.VersionName(s.MaxVersion))
	}
	return ""
}

// versions are the lowest and the highest version that the options admit: those for which there is a cipher suite.
func (s *Side) versions() (low, high uint16) {
	low, high = s.MinVersion, s.MaxVersion
	if low == 0 {
		low = tls.VersionTLS12
	}
	if high == 0 {
		high = tls.VersionTLS13
	}
	if len(s.CipherSuites) == 0 {
		return low, high
	}
	isNew := func(id uint16) bool { return id>>8 == 0x13 }
	if !slices.ContainsFunc(s.CipherSuites, isNew) {
		high = min(high, tls.VersionTLS12)
	}
	if !slices.ContainsFunc(s.CipherSuites, func(id uint16) bool { return !isNew(id) }) {
		low = max(low, tls.VersionTLS13)
	}
	return low, high
}

// groups has the key exchanges of OTP that crypto/tls has too.
var groups = map[etf.Atom]tls.CurveID{
	"x25519": tls.X25519, "secp256r1": tls.CurveP256, "secp384r1": tls.CurveP384, "secp521r1": tls.CurveP521,
	"x25519mlkem768": tls.X25519MLKEM768, "secp256r1mlkem768": tls.SecP256r1MLKEM768,
	"secp384r1mlkem1024": tls.SecP384r1MLKEM1024,
}

// otherGroups matches the other key exchanges of OTP.
var otherGroups = regexp.MustCompile(`^(?:x448|ffdhe\d+|sect\d+[kr]\d|secp\d+[kr]\d|` +
	`brainpoolP\d+[rt]1(?:tls13)?|mlkem\d+)$`)

// groupNames reads supported_groups or eccs. With both of them, all count.
func (s *sideReader) groupNames(name etf.Atom, v etf.Node) error {
	if !isList(v) {
		return s.fail(name, v.Pos, "want a list such as [x25519, secp256r1] instead of %s", shortText(v.Term))
	}
	any := false
	for _, n := range v.Elems {
		a, _ := n.Term.(etf.Atom)
		id, ok := groups[a]
		switch {
		case ok:
			any = true
			if !slices.Contains(s.side.Groups, id) {
				s.side.Groups = append(s.side.Groups, id)
			}
		case otherGroups.MatchString(string(a)):
			s.addNote(name, n.Pos, "%s is left out: Go's crypto/tls does not have it", string(a))
		default:
			return s.fail(name, n.Pos, "%s is no group", shortText(n.Term))
		}
	}
	if !any {
		return s.fail(name, v.Pos, "names no group that Go's crypto/tls has: x25519, secp256r1, secp384r1 or secp521r1")
	}
	return nil
}
