package tlsdist

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Credentials are the certificates and keys of one side, read from its files.
type Credentials struct {
	side Side
	role string
	file string // the optfile

	mu     sync.Mutex
	stamps []stamp // of the files as they were when the configuration was made
	config *tls.Config
	roots  *x509.CertPool
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
}

// ServerCredentials reads the files of the server's side. Errors: *OptionError if something is missing among the
// options, and *FileError.
func (o *Options) ServerCredentials() (*Credentials, error) {
	if len(o.Server.Certs) == 0 {
		return nil, o.missingError("server", &o.Server, "certfile", "is missing: a server has to show a certificate")
	}
	return o.newCredentials("server", &o.Server)
}

// ClientCredentials is ServerCredentials for the client's side.
func (o *Options) ClientCredentials() (*Credentials, error) {
	return o.newCredentials("client", &o.Client)
}

func (o *Options) missingError(role string, s *Side, option, reason string) error {
	return &OptionError{File: o.File, Pos: s.pos, Side: role, Option: option, Reason: reason}
}

func (o *Options) newCredentials(role string, s *Side) (*Credentials, error) {
	if !s.VerifyNone && s.CACertFile == "" {
		return nil, o.missingError(role, s, "cacertfile",
			"is missing: without the certificates that are trusted nothing can be verified; "+
				"{verify, verify_none} accepts every peer")
	}
	c := &Credentials{side: *s, role: role, file: o.File}
	_, err := c.Config("")
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Config returns the configuration for one connection. host is what stands behind the @ in the name of the node that
// is dialled; for a server it is without meaning. If a file has changed and cannot be used now, the configuration is
// that of before and the error says why.
func (c *Credentials) Config(host string) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.reloadIfChanged()
	if c.config == nil {
		return nil, err
	}
	cfg := c.config.Clone()
	v := verifier{side: &c.side, role: c.role, roots: c.roots, host: host}
	if c.role == "client" {
		if c.side.ServerName != "" {
			v.host = c.side.ServerName
		}
		if !c.side.AnyServerName {
			cfg.ServerName = v.host
		}
	}
	cfg.VerifyConnection = v.verify
	return cfg, err
}

// reloadIfChanged reads the files if one of them has changed.
func (c *Credentials) reloadIfChanged() error {
	stamps, err := c.statFiles()
	if err != nil || c.config != nil && sameStamps(stamps, c.stamps) {
		return err
	}
	config, roots, err := c.loadFiles()
	if err != nil {
		return err
	}
	c.config, c.roots, c.stamps = config, roots, stamps
	return nil
}

func sameStamps(a, b []stamp) bool {
	for i := range a {
		if a[i].size != b[i].size || !a[i].modified.Equal(b[i].modified) {
			return false
		}
	}
	return true
}

// statFiles returns the stamps of all files.
func (c *Credentials) statFiles() ([]stamp, error) {
	var stamps []stamp
	statFile := func(option, file string) error {
		info, err := os.Stat(file)
		if err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0 {
			err = errors.New("is no file")
		}
		if err != nil {
			return &FileError{Side: c.role, Option: option, File: file, Err: err}
		}
		stamps = append(stamps, stamp{info.ModTime(), info.Size()})
		return nil
	}
	for _, p := range c.side.Certs {
		if err := statFile("certfile", p.CertFile); err != nil {
			return nil, err
		}
		if err := statFile("keyfile", p.keyFile()); err != nil {
			return nil, err
		}
	}
	if c.side.CACertFile != "" {
		if err := statFile("cacertfile", c.side.CACertFile); err != nil {
			return nil, err
		}
	}
	return stamps, nil
}

// loadFiles reads all files and makes the part of the configuration that all connections share.
func (c *Credentials) loadFiles() (*tls.Config, *x509.CertPool, error) {
	s := &c.side
	cfg := &tls.Config{
		CipherSuites: s.CipherSuites, CurvePreferences: s.Groups,
		SessionTicketsDisabled: true, DynamicRecordSizingDisabled: true, // a connection lives long and carries much
	}
	cfg.MinVersion, cfg.MaxVersion = s.versions()
	var trusted []*x509.Certificate
	roots := x509.NewCertPool()
	if s.CACertFile != "" {
		var err error
		if trusted, err = readCertificates(s.CACertFile); err != nil {
			return nil, nil, &FileError{Side: c.role, Option: "cacertfile", File: s.CACertFile, Err: err}
		}
		for _, t := range trusted {
			roots.AddCert(t)
		}
	}
	for _, p := range s.Certs {
		pair, err := readPair(c.role, p)
		if err != nil {
			return nil, nil, err
		}
		addIntermediates(&pair, trusted)
		cfg.Certificates = append(cfg.Certificates, pair)
	}
	if c.role == "client" {
		// What crypto/tls would verify is verified by VerifyConnection, by the rules of OTP and with an error that says more.
		cfg.InsecureSkipVerify = true
		cfg.Renegotiation = tls.RenegotiateFreelyAsClient // OTP does so after 2^28 records of TLS 1.2
		cfg.GetClientCertificate = clientCertificate(cfg.Certificates)
		return cfg, roots, nil
	}
	switch {
	case s.VerifyNone:
		cfg.ClientAuth = tls.NoClientCert
	case s.PeerCertOptional:
		cfg.ClientAuth = tls.RequestClientCert
	default:
		cfg.ClientAuth = tls.RequireAnyClientCert
	}
	if !s.VerifyNone {
		cfg.ClientCAs = roots
	}
	return cfg, roots, nil
}

// clientCertificate chooses the certificate to show to a server. One that the server has not asked for is better than
// none: its refusal then tells what is wrong.
func clientCertificate(certs []tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		for i := range certs {
			if r.SupportsCertificate(&certs[i]) == nil {
				return &certs[i], nil
			}
		}
		if len(certs) > 0 {
			return &certs[0], nil
		}
		return &tls.Certificate{}, nil
	}
}
