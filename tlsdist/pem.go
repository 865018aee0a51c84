package tlsdist

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxPEM bounds a file of certificates or keys. The bundle of all public authorities has a quarter of a megabyte.
const maxPEM = 8 << 20

// readPEM returns the PEM blocks of a file.
func readPEM(name string) ([]*pem.Block, error) {
	text, err := readAtMost(name, maxPEM)
	if err != nil {
		return nil, err
	}
	var blocks []*pem.Block
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			break
		}
		blocks = append(blocks, b)
	}
	switch {
	case len(blocks) > 0:
		return blocks, nil
	case bytes.HasPrefix(text, []byte{0x30, 0x82}):
		return nil, errors.New("is in DER form; want PEM (openssl x509 -inform der)")
	}
	return nil, errors.New("has nothing in PEM form (-----BEGIN CERTIFICATE-----)")
}

// readAtMost reads a file of at most max bytes. The limit also ends the reading of a device, which may have no end.
func readAtMost(name string, max int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // the file was only read
	text, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(text)) > max {
		err = fmt.Errorf("has more than the %d bytes that are allowed", max)
	}
	return text, err
}

// readCertificates returns all certificates of a file. There has to be at least one.
func readCertificates(name string) ([]*x509.Certificate, error) {
	blocks, err := readPEM(name)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, b := range blocks {
		if b.Type != "CERTIFICATE" && b.Type != "TRUSTED CERTIFICATE" && b.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("has no certificate in it, only " + kinds(blocks))
	}
	return certs, nil
}

// readKey returns the private key of a file. There has to be exactly one (ssl_config:init_private_key/5).
func readKey(name, password string) (crypto.PrivateKey, error) {
	blocks, err := readPEM(name)
	if err != nil {
		return nil, err
	}
	var found *pem.Block
	for _, b := range blocks {
		if !strings.HasSuffix(b.Type, "PRIVATE KEY") {
			continue
		}
		if found != nil {
			return nil, errors.New("has more than one private key")
		}
		found = b
	}
	if found == nil {
		return nil, errors.New("has no private key in it, only " + kinds(blocks))
	}
	return parseKey(found, password)
}

func kinds(blocks []*pem.Block) string {
	var words []string
	for _, b := range blocks[:min(len(blocks), 3)] {
		words = append(words, b.Type)
	}
	return strings.Join(words, ", ")
}

// errEncrypted is a key whose password is missing.
var errEncrypted = errors.New("the key is encrypted; its password goes into the option password")

func parseKey(b *pem.Block, password string) (key crypto.PrivateKey, err error) {
	der := b.Bytes
	switch {
	case b.Type == "ENCRYPTED PRIVATE KEY":
		if password == "" {
			return nil, errEncrypted
		}
		if der, err = decryptPKCS8(der, password); err != nil {
			return nil, err
		}
	case b.Headers["DEK-Info"] != "":
		if password == "" {
			return nil, errEncrypted
		}
		if der, err = decryptTraditional(b, password); err != nil {
			return nil, err
		}
	}
	if key, err = x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if rsa, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return rsa, nil
	}
	if ec, err := x509.ParseECPrivateKey(der); err == nil {
		return ec, nil
	}
	if password != "" && der != nil && !bytes.Equal(der, b.Bytes) {
		return nil, errPassword
	}
	return nil, fmt.Errorf("the %s is none that Go can use: %w", b.Type, err)
}

// decryptTraditional decrypts the form of openssl genrsa -traditional.
func decryptTraditional(b *pem.Block, password string) ([]byte, error) {
	//lint:ignore SA1019 The form is weak, and yet the one that old key files have and OTP reads.
	der, err := x509.DecryptPEMBlock(b, []byte(password))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errPassword
	}
	return der, err
}

// readPair reads a certificate with its key.
func readPair(role string, p KeyPair) (tls.Certificate, error) {
	certs, err := readCertificates(p.CertFile)
	if err != nil {
		return tls.Certificate{}, &FileError{Side: role, Option: "certfile", File: p.CertFile, Err: err}
	}
	key, err := readKey(p.keyFile(), p.Password)
	if err != nil {
		return tls.Certificate{}, &FileError{Side: role, Option: "keyfile", File: p.keyFile(), Err: err}
	}
	pair := tls.Certificate{PrivateKey: key, Leaf: certs[0]}
	for _, c := range certs {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	signer, ok := key.(crypto.Signer)
	public, comparable := certs[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !comparable || !public.Equal(signer.Public()) {
		return tls.Certificate{}, &FileError{Side: role, Option: "keyfile", File: p.keyFile(),
			Err: errors.New("the key is not that of the first certificate in " + p.CertFile)}
	}
	return pair, nil
}

// addIntermediates appends the certificates between the last of the chain and a root, if they are among those that are
// trusted, as OTP does (ssl_certificate:certificate_chain/5). The root itself is left out: who verifies has it.
func addIntermediates(pair *tls.Certificate, trusted []*x509.Certificate) {
	last, err := x509.ParseCertificate(pair.Certificate[len(pair.Certificate)-1])
	for range trusted {
		if err != nil || bytes.Equal(last.RawIssuer, last.RawSubject) {
			return
		}
		var issuer *x509.Certificate
		for _, c := range trusted {
			if bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil {
				issuer = c
				break
			}
		}
		if issuer == nil || bytes.Equal(issuer.RawIssuer, issuer.RawSubject) {
			return
		}
		pair.Certificate = append(pair.Certificate, issuer.Raw)
		last = issuer
	}
}
