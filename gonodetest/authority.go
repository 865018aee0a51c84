package gonodetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates for nodes that talk over TLS (-proto_dist inet_tls).
type Authority struct {
	CA   string // PEM file with the certificate of the authority itself, for cacertfile
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// CertFiles names the PEM files of a certificate and its key, for certfile and keyfile.
type CertFiles struct{ Cert, Key string }

// NewAuthority makes a self-signed authority with that name. Its files are in a directory of the test.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{dir: t.TempDir()}
	a.key = newKey(t)
	template := authorityCert(name)
	a.cert = sign(t, template, template, &a.key.PublicKey, a.key)
	a.CA = a.write(t, name+"-ca.pem", a.cert)
	return a
}

func authorityCert(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
}

// Intermediate makes an authority whose certificate is signed by a. Its CA file has both certificates.
func (a *Authority) Intermediate(t testing.TB, name string) *Authority {
	t.Helper()
	i := &Authority{dir: t.TempDir(), key: newKey(t)}
	i.cert = sign(t, authorityCert(name), a.cert, &i.key.PublicKey, a.key)
	i.CA = i.write(t, name+"-ca.pem", i.cert, a.cert)
	return i
}

// Issue makes a certificate for hosts, for both ends of a connection. A host may be an address. Each change is applied
// to the certificate before it is signed.
func (a *Authority) Issue(t testing.TB, hosts []string, changes ...func(*x509.Certificate)) CertFiles {
	t.Helper()
	template := &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if len(hosts) > 0 {
		template.Subject.CommonName = hosts[0]
	}
	for _, h := range hosts {
		// erl looks for an address among the DNS names.
		template.DNSNames = append(template.DNSNames, h)
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		}
	}
	for _, change := range changes {
		change(template)
	}
	key := newKey(t)
	cert := sign(t, template, a.cert, &key.PublicKey, a.key)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	mustCert(t, err)
	dir, err := os.MkdirTemp(a.dir, "cert")
	mustCert(t, err)
	p := CertFiles{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	writePEM(t, p.Cert, "CERTIFICATE", cert.Raw)
	writePEM(t, p.Key, "PRIVATE KEY", der)
	return p
}

// Expired is a change for Issue. It makes the certificate end yesterday.
func Expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-24 * time.Hour) }

func (a *Authority) write(t testing.TB, name string, certs ...*x509.Certificate) string {
	t.Helper()
	file := filepath.Join(a.dir, name)
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	mustCert(t, os.WriteFile(file, text, 0o600))
	return file
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	mustCert(t, err)
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, public *ecdsa.PublicKey,
	key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	var err error
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	mustCert(t, err)
	template.NotBefore = time.Now().Add(-48 * time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(48 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	mustCert(t, err)
	cert, err := x509.ParseCertificate(der)
	mustCert(t, err)
	return cert
}

func writePEM(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	mustCert(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func mustCert(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
