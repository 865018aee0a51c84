package tlsdist

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// verifier checks the certificate of the other side.
type verifier struct {
	side  *Side
	role  string // our own
	roots *x509.CertPool
	host  string // of the node that was dialled
}

// verify is a tls.Config.VerifyConnection.
func (v verifier) verify(cs tls.ConnectionState) error {
	if s := v.side.CipherSuites; len(s) > 0 && !slices.Contains(s, cs.CipherSuite) {
		return &suiteError{cs.CipherSuite}
	}
	if v.side.VerifyNone || len(cs.PeerCertificates) == 0 { // that there has to be one, crypto/tls sees to
		return nil
	}
	leaf := cs.PeerCertificates[0]
	chains, err := v.chains(cs.PeerCertificates)
	if err != nil {
		return v.invalidError(leaf, err)
	}
	if !slices.ContainsFunc(chains, v.isShortEnough) {
		return v.peerError(leaf, fmt.Sprintf("has more than %d certificates between itself and a trusted one", v.maxDepth()),
			"raise the option depth on this side, or give the peer a certificate that is signed closer to the root")
	}
	if v.role == "client" && !v.side.AnyServerName && !isForHost(leaf, v.host) {
		return v.peerError(leaf, fmt.Sprintf("is for %s and not for %s", hostNames(leaf), v.host),
			fmt.Sprintf("give the peer a certificate with subjectAltName DNS:%s, the host in its node name", v.host))
	}
	return nil
}

// suiteError is the error for a cipher suite of TLS 1.3 that the options do not list. crypto/tls always offers all
// suites of that version.
type suiteError struct{ suite uint16 }

func (e *suiteError) Error() string {
	return "the peer chose the cipher suite " + tls.CipherSuiteName(e.suite) + ", which the option ciphers does not list"
}

// chains returns the chains from the certificate of the peer to a trusted one.
func (v verifier) chains(certs []*x509.Certificate) ([][]*x509.Certificate, error) {
	o := x509.VerifyOptions{Roots: v.roots, Intermediates: x509.NewCertPool(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if v.role == "server" {
		o.KeyUsages[0] = x509.ExtKeyUsageClientAuth
	}
	for _, c := range certs[1:] {
		o.Intermediates.AddCert(c)
	}
	return certs[0].Verify(o)
}

func (v verifier) maxDepth() int {
	switch d := v.side.Depth; {
	case d == 0:
		return DefaultDepth
	case d < 0:
		return 0
	default:
		return d
	}
}

func (v verifier) isShortEnough(chain []*x509.Certificate) bool { return len(chain)-2 <= v.maxDepth() }

func (v verifier) peerError(leaf *x509.Certificate, reason, advice string) error {
	return &PeerError{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Reason: reason, Advice: advice}
}

// invalidError makes the error for a certificate that crypto/x509 does not accept.
func (v verifier) invalidError(leaf *x509.Certificate, err error) error {
	e := &PeerError{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Err: err}
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		e.Reason = "is not signed by one that " + v.side.CACertFile + " trusts"
		e.Advice = "add the certificate of its issuer to " + v.side.CACertFile + " (" + v.role +
			" option cacertfile on this side), or give the peer a certificate of an issuer that is in it"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Reason = expiryText(invalid.Cert)
		e.Advice = "give the peer a new certificate, or set the clock of this host, where it is " +
			time.Now().Format(time.DateTime)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		use := map[string]string{"client": "serverAuth", "server": "clientAuth"}[v.role]
		e.Reason = "is not meant for the " + map[string]string{"client": "server", "server": "client"}[v.role] +
			" of a TLS connection"
		e.Advice = "give the peer a certificate with extendedKeyUsage " + use + ", or without that extension"
	default:
		e.Reason = "is not valid: " + strings.TrimPrefix(err.Error(), "x509: ")
		e.Advice = "give the peer another certificate"
	}
	return e
}

func expiryText(c *x509.Certificate) string {
	whose := "it"
	if c.IsCA {
		whose = "the one of its issuer, " + c.Subject.String() + ","
	}
	if time.Now().Before(c.NotBefore) {
		return "is not valid yet: " + whose + " begins at " + c.NotBefore.Format(time.DateTime)
	}
	return "has expired: " + whose + " ended at " + c.NotAfter.Format(time.DateTime)
}

// isForHost tells whether a certificate is for host, by the rules of public_key:pkix_verify_hostname/3 as OTP's ssl
// calls it: a DNS name that is the same but for capitals, without wildcards; the common name if there are no
// alternative names at all. Differs from OTP: a host that is an address may be there as an address, too.
func isForHost(c *x509.Certificate, host string) bool {
	if len(c.DNSNames)+len(c.IPAddresses)+len(c.URIs)+len(c.EmailAddresses) == 0 {
		return strings.EqualFold(c.Subject.CommonName, host)
	}
	for _, name := range c.DNSNames {
		if strings.EqualFold(name, host) {
			return true
		}
	}
	addr, err := netip.ParseAddr(host)
	for _, ip := range c.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok && err == nil && a.Unmap() == addr.Unmap() {
			return true
		}
	}
	return false
}

// hostNames lists the hosts that a certificate is for.
func hostNames(c *x509.Certificate) string {
	list := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	if len(list) == 0 && c.Subject.CommonName != "" {
		list = append(list, c.Subject.CommonName)
	}
	if len(list) == 0 {
		return "no host"
	}
	const most = 5
	if len(list) > most {
		list = append(list[:most], "...")
	}
	return strings.Join(list, ", ")
}
