package tlsdist_test

import (
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/tlsdist"
)

// sides are the options of two ends that trust the same authority and have certificates of it for localhost.
func sides(t *testing.T, ca *gonodetest.Authority, changes ...func(*x509.Certificate)) (server, client tlsdist.Side) {
	t.Helper()
	side := func() tlsdist.Side {
		c := ca.Issue(t, []string{"localhost"}, changes...)
		return tlsdist.Side{Certs: []tlsdist.KeyPair{{CertFile: c.Cert, KeyFile: c.Key}}, CACertFile: ca.CA}
	}
	return side(), side()
}

// outcome is how both ends see a handshake.
type outcome struct {
	server, client *tlsdist.HandshakeError
	state          tls.ConnectionState // of the client
}

// shake does a handshake over a socket, and one byte each way, in which a refusal of TLS 1.3 arrives.
func shake(t *testing.T, server, client tlsdist.Side, host string) (o outcome) {
	t.Helper()
	s, err := (&tlsdist.Options{Server: server}).ServerCredentials()
	require.NoError(t, err)
	c, err := (&tlsdist.Options{Client: client}).ClientCredentials()
	require.NoError(t, err)
	return shakeWith(t, s, c, host)
}

func shakeWith(t *testing.T, s, c *tlsdist.Credentials, host string) (o outcome) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			defer conn.Close()
			cfg, _ := s.Config("")
			err = exchange(tls.Server(conn, cfg))
		}
		done <- err
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	cfg, err := c.Config(host)
	require.NoError(t, err)
	secure := tls.Client(conn, cfg)
	if err := exchange(secure); err != nil {
		o.client = c.Explain(err)
	}
	o.state = secure.ConnectionState()
	if err := <-done; err != nil {
		o.server = s.Explain(err)
	}
	return o
}

func exchange(c *tls.Conn) error {
	defer c.CloseWrite()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if err := c.Handshake(); err != nil {
		return err
	}
	if _, err := c.Write([]byte{1}); err != nil {
		return err
	}
	if n, err := c.Read(make([]byte, 1)); n == 0 { // the end may come with the byte
		return err
	}
	return nil
}

func TestTwoSidesThatTrustEachOtherConnect(t *testing.T) {
	server, client := sides(t, gonodetest.NewAuthority(t, "ca"))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client.MinVersion, client.MaxVersion = version, version
		o := shake(t, server, client, "localhost")
		require.Nil(t, o.server)
		require.Nil(t, o.client)
		require.Equal(t, version, o.state.Version)
	}
	o := shake(t, server, client, "LOCALHOST")
	require.Nil(t, o.client)
}

// refused does a handshake that one side refuses, in both versions, and wants texts in what that side says, and
// something in what the other says.
func refused(t *testing.T, by string, server, client tlsdist.Side, texts ...string) {
	t.Helper()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server.MinVersion, server.MaxVersion = version, version
		o := shake(t, server, client, "localhost")
		ours, theirs := o.client, o.server
		if by == "server" {
			ours, theirs = o.server, o.client
		}
		require.NotNil(t, ours)
		require.False(t, ours.Remote)
		require.NotEmpty(t, ours.Advice)
		require.Equal(t, by == "server", ours.Incoming)
		for _, text := range texts {
			require.Contains(t, ours.Error(), text)
		}
		require.NotNil(t, theirs)
		require.True(t, theirs.Remote, theirs)
		require.NotEmpty(t, theirs.Advice)
	}
}

func TestACertificateThatIsNotTrustedIsRefusedOnEitherSide(t *testing.T) {
	ca, other := gonodetest.NewAuthority(t, "ca"), gonodetest.NewAuthority(t, "other")
	server, client := sides(t, ca)
	strange, stranger := sides(t, other)

	refused(t, "client", tlsdist.Side{Certs: strange.Certs, CACertFile: ca.CA}, client,
		"the certificate of the peer (CN=localhost, issued by CN=other) is not signed by one that "+ca.CA+" trusts",
		"add the certificate of its issuer to "+ca.CA)
	refused(t, "server", server, tlsdist.Side{Certs: stranger.Certs, CACertFile: ca.CA},
		"issued by CN=other) is not signed by", "server option cacertfile on this side")
	_, old := sides(t, ca, gonodetest.Expired)
	refused(t, "server", server, old, "has expired: it ended at", "set the clock of this host")
	oldServer, _ := sides(t, ca, gonodetest.Expired)
	refused(t, "client", oldServer, client, "has expired")
	early, _ := sides(t, ca, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })
	refused(t, "client", early, client, "has expired")
	refused(t, "server", server, tlsdist.Side{CACertFile: ca.CA}, "showed no certificate", "give its client a certfile")
	wrongUse, _ := sides(t, ca, func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	refused(t, "client", wrongUse, client, "not meant for the server of a TLS connection", "extendedKeyUsage serverAuth")
}

func TestWhoDoesNotVerifyAcceptsEverybody(t *testing.T) {
	_, client := sides(t, gonodetest.NewAuthority(t, "ca"))
	server, _ := sides(t, gonodetest.NewAuthority(t, "other"), gonodetest.Expired)
	server.VerifyNone, client.VerifyNone = true, true
	o := shake(t, server, client, "elsewhere")
	require.Nil(t, o.server)
	require.Nil(t, o.client)
}

func TestAServerMayLetInWhoShowsNoCertificate(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "ca")
	server, client := sides(t, ca)
	server.PeerCertOptional, client.Certs = true, nil
	o := shake(t, server, client, "localhost")
	require.Nil(t, o.server)
	require.Nil(t, o.client)
	_, client = sides(t, gonodetest.NewAuthority(t, "other"))
	client.CACertFile = ca.CA
	o = shake(t, server, client, "localhost")
	require.NotNil(t, o.server, "but not who shows a wrong one")
}

func TestTheHostInTheCertificateHasToBeThatOfTheNode(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "ca")
	server, client := sides(t, ca)
	o := shake(t, server, client, "vm")
	require.Contains(t, o.client.Error(),
		"is for localhost and not for vm; give the peer a certificate with subjectAltName DNS:vm")
	client.AnyServerName = true
	require.Nil(t, shake(t, server, client, "vm").client)
	client.AnyServerName, client.ServerName = false, "localhost"
	require.Nil(t, shake(t, server, client, "vm").client)
	client.ServerName = ""

	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		host   string
		ok     bool
	}{
		"common name alone":  {func(c *x509.Certificate) { c.DNSNames = nil; c.Subject.CommonName = "Vm" }, "vm", true},
		"common name beside": {func(c *x509.Certificate) { c.Subject.CommonName = "vm" }, "vm", false},
		"wildcard":           {func(c *x509.Certificate) { c.DNSNames = []string{"*.example.org"} }, "a.example.org", false},
		"address": {func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("127.0.0.1")} },
			"127.0.0.1", true},
		"address as a name": {func(c *x509.Certificate) { c.DNSNames = []string{"127.0.0.1"} }, "127.0.0.1", true},
		"IPv6":              {func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("::1")} }, "0:0::1", true},
		"another address":   {func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("::2")} }, "::1", false},
		"no name at all":    {func(c *x509.Certificate) { c.DNSNames = nil; c.Subject.CommonName = "" }, "vm", false},
	} {
		server, _ := sides(t, ca, c.change)
		require.Equal(t, c.ok, shake(t, server, client, c.host).client == nil, name)
	}
}

func TestIntermediateCertificatesAreSentAndCounted(t *testing.T) {
	root := gonodetest.NewAuthority(t, "root")
	middle := root.Intermediate(t, "middle")
	low := middle.Intermediate(t, "low")
	server, _ := sides(t, low)
	_, client := sides(t, root)
	server.VerifyNone = true
	server.CACertFile = ""
	require.NotNil(t, shake(t, server, client, "localhost").client, "nobody has those in between")
	server.CACertFile = low.CA
	require.Nil(t, shake(t, server, client, "localhost").client, "what is missing in certfile is taken from cacertfile")
	client.Depth = 2
	require.Nil(t, shake(t, server, client, "localhost").client)
	client.Depth = 1
	require.Contains(t, shake(t, server, client, "localhost").client.Error(),
		"has more than 1 certificates between itself and a trusted one; raise the option depth")
	client.Depth = -1
	require.Contains(t, shake(t, server, client, "localhost").client.Error(), "more than 0")
}

func TestSuitesAndVersionsNeedSomethingInCommon(t *testing.T) {
	server, client := sides(t, gonodetest.NewAuthority(t, "ca"))
	server.MaxVersion, client.MinVersion = tls.VersionTLS12, tls.VersionTLS13
	o := shake(t, server, client, "localhost")
	require.Contains(t, o.server.Error(), "this side has TLS 1.2 alone; give both sides a version in common")
	require.Contains(t, o.client.Error(), "the peer refused: protocol version not supported; this side has TLS 1.3 alone")

	server.MaxVersion, client.MinVersion = tls.VersionTLS12, 0
	server.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
	require.Equal(t, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, shake(t, server, client, "localhost").state.CipherSuite)
	client.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	o = shake(t, server, client, "localhost")
	require.Contains(t, o.server.Error(), "give both sides something in common")
	require.Contains(t, o.client.Error(), "the peer refused: handshake failure")

	server.MaxVersion, server.CipherSuites = 0, nil
	client.CipherSuites = []uint16{tls.TLS_CHACHA20_POLY1305_SHA256}
	o = shake(t, server, client, "localhost")
	if o.state.CipherSuite != tls.TLS_CHACHA20_POLY1305_SHA256 {
		require.Contains(t, o.client.Error(),
			"which the option ciphers does not list; list the same cipher suites on both sides")
	}
}

func TestWhoDoesNotSpeakTLSIsTold(t *testing.T) {
	server, client := sides(t, gonodetest.NewAuthority(t, "ca"))
	s, err := (&tlsdist.Options{Server: server}).ServerCredentials()
	require.NoError(t, err)
	c, err := (&tlsdist.Options{Client: client}).ClientCredentials()
	require.NoError(t, err)
	for name, say := range map[string]string{"nothing": "",
		"a name": "\x00\x15N\x00\x00\x00\x00\x0d\xf7\xfb\xbc\x00\x00\x00\x00\x00\x06a@host"} {
		for _, creds := range []*tlsdist.Credentials{s, c} {
			a, b := net.Pipe()
			go func() {
				defer b.Close()
				_ = b.SetDeadline(time.Now().Add(20 * time.Second))
				if creds == c {
					_, _ = b.Read(make([]byte, 4096))
				}
				_, _ = b.Write([]byte(say))
			}()
			cfg, err := creds.Config("localhost")
			require.NoError(t, err)
			conn := tls.Client(a, cfg)
			if creds == s {
				conn = tls.Server(a, cfg)
			}
			e := creds.Explain(conn.Handshake())
			require.False(t, e.Remote)
			require.Contains(t, e.Error(), "-proto_dist inet_tls", name)
			require.False(t, e.Timeout())
			_ = a.Close()
		}
	}
	a, b := net.Pipe()
	defer b.Close()
	cfg, err := s.Config("")
	require.NoError(t, err)
	require.NoError(t, a.SetDeadline(time.Now().Add(10*time.Millisecond)))
	e := s.Explain(tls.Server(a, cfg).Handshake())
	require.True(t, e.Timeout())
	require.Contains(t, e.Error(), "in time")
}

func TestNewFilesAreUsedByTheNextConnectionAndBrokenOnesAreNot(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "ca")
	server, client := sides(t, ca)
	o := &tlsdist.Options{Server: server, Client: client}
	s, err := o.ServerCredentials()
	require.NoError(t, err)
	c, err := o.ClientCredentials()
	require.NoError(t, err)
	first := shakeWith(t, s, c, "localhost")
	require.Nil(t, first.client)

	file := server.Certs[0]
	require.NoError(t, os.WriteFile(file.CertFile, []byte("half a certifi"), 0o600))
	cfg, err := s.Config("")
	require.NotNil(t, cfg)
	require.ErrorContains(t, err, "server option certfile: "+file.CertFile+": has nothing in PEM form")
	require.Equal(t, first.state.PeerCertificates[0].SerialNumber,
		shakeWith(t, s, c, "localhost").state.PeerCertificates[0].SerialNumber)

	fresh := ca.Issue(t, []string{"localhost", "vm"})
	require.NoError(t, os.Rename(fresh.Cert, file.CertFile))
	require.NoError(t, os.Rename(fresh.Key, file.KeyFile))
	second := shakeWith(t, s, c, "vm")
	require.Nil(t, second.client)
	require.NotEqual(t, first.state.PeerCertificates[0].SerialNumber, second.state.PeerCertificates[0].SerialNumber)
	require.NoError(t, os.Remove(file.KeyFile))
	_, err = s.Config("")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Nil(t, shakeWith(t, s, c, "vm").client)
}

func TestFilesThatCannotBeUsedAreNamedAtOnce(t *testing.T) {
	ca := gonodetest.NewAuthority(t, "ca")
	good := ca.Issue(t, []string{"localhost"})
	other := ca.Issue(t, []string{"localhost"})
	both := filepath.Join(t.TempDir(), "both.pem")
	var text []byte
	for _, file := range []string{good.Key, other.Key} {
		part, err := os.ReadFile(file)
		require.NoError(t, err)
		text = append(text, part...)
	}
	require.NoError(t, os.WriteFile(both, text, 0o600))
	for want, side := range map[string]tlsdist.Side{
		"certfile: /no/such.pem: no such file":                                     {Certs: []tlsdist.KeyPair{{CertFile: "/no/such.pem"}}},
		"keyfile: /no/such.pem: no such file":                                      {Certs: []tlsdist.KeyPair{{CertFile: good.Cert, KeyFile: "/no/such.pem"}}},
		"keyfile: " + good.Cert + ": has no private key in it, only CERTIFICATE":   {Certs: []tlsdist.KeyPair{{CertFile: good.Cert}}},
		"certfile: " + good.Key + ": has no certificate in it, only PRIVATE KEY":   {Certs: []tlsdist.KeyPair{{CertFile: good.Key}}},
		"keyfile: " + other.Key + ": the key is not that of the first certificate": {Certs: []tlsdist.KeyPair{{CertFile: good.Cert, KeyFile: other.Key}}},
		"keyfile: " + both + ": has more than one private key":                     {Certs: []tlsdist.KeyPair{{CertFile: good.Cert, KeyFile: both}}},
		"certfile: " + t.TempDir():                                                 {Certs: []tlsdist.KeyPair{{CertFile: filepath.Dir(both)}}},
	} {
		side.VerifyNone = true
		_, err := (&tlsdist.Options{Client: side}).ClientCredentials()
		var broken *tlsdist.FileError
		require.ErrorAs(t, err, &broken, want)
		if filepath.Dir(both) != broken.File {
			require.ErrorContains(t, err, "tlsdist: client option "+want)
		}
	}
	for want, side := range map[string]tlsdist.Side{
		"cacertfile: /no/such.pem: no such file": {CACertFile: "/no/such.pem"},
		"cacertfile: " + good.Key + ": has no":   {CACertFile: good.Key},
	} {
		_, err := (&tlsdist.Options{Client: side}).ClientCredentials()
		require.ErrorContains(t, err, want)
	}
}

func TestWhatIsMissingAmongTheOptionsIsNamedWithItsPlace(t *testing.T) {
	o, err := tlsdist.Parse("dist.conf", []byte("[{server, [{verify, verify_peer}]},\n {client, []}]."))
	require.NoError(t, err)
	_, err = o.ServerCredentials()
	require.EqualError(t, err, "tlsdist: dist.conf:1:11: server option certfile: is missing: a server has to show a "+
		"certificate")
	_, err = o.ClientCredentials()
	require.ErrorContains(t, err, "tlsdist: dist.conf:2:11: client option cacertfile: is missing: ")
	require.ErrorContains(t, err, "{verify, verify_none}")
}
