package tlsdist

import (
	"crypto/tls"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// DefaultDepth is OTP's default of the option depth.
const DefaultDepth = 10

// Options are the TLS options of a node. ReadFile and Parse make them out of an optfile; a Go program may as well
// fill them in.
type Options struct {
	// File is where they are from, for messages. It may be empty.
	File string
	// Server is for connections that the node accepts, Client for those that it makes.
	Server, Client Side
	// Notes are facts that the reader of the file should know although they are no errors.
	Notes []Note
}

// Side are the options of one end of a connection. The zero value verifies strictly.
type Side struct {
	// Certs are the certificates to show with their keys; the first one that suits the peer is taken (certs_keys,
	// certfile). A server needs one, a client only if the server asks for it.
	Certs []KeyPair
	// CACertFile has the certificates that are trusted to sign those of peers. It is needed for verification.
	// Certificates between that of the node and a root may stand here too; they are sent to the peer as OTP does.
	CACertFile string
	// VerifyNone accepts whatever certificate the peer has ({verify, verify_none}).
	VerifyNone bool
	// PeerCertOptional lets clients in that show no certificate at all ({fail_if_no_peer_cert, false}); a server's option.
	PeerCertOptional bool
	// MinVersion and MaxVersion are those of crypto/tls; 0 means TLS 1.2 and 1.3.
	MinVersion, MaxVersion uint16
	// CipherSuites, if any, are the only ones that may be used. crypto/tls offers all of TLS 1.3 whatever is said here;
	// a connection that gets one that is not listed is refused.
	CipherSuites []uint16
	// Groups are the key exchanges in order of preference (supported_groups, eccs); none means the defaults of crypto/tls.
	Groups []tls.CurveID
	// Depth is how many certificates may stand between that of the peer and a trusted one; 0 means DefaultDepth, a
	// negative number none.
	Depth int
	// ServerName is the name that the certificate of the node on the other side has to have; empty means the host in the
	// name of that node (server_name_indication). A client's option.
	ServerName string
	// AnyServerName leaves the name in the certificate unchecked ({server_name_indication, disable}).
	AnyServerName bool

	pos           etf.Pos // of the list in the file
	verifyOmitted bool    // that list does not say verify, and VerifyNone is what OTP makes of that
}

// KeyPair names the files of a certificate and its key.
type KeyPair struct {
	// CertFile is a PEM file with the certificate of the node, and behind it those on the way to a root, if any.
	CertFile string
	// KeyFile is a PEM file with the key; empty means CertFile.
	KeyFile string
	// Password decrypts the key.
	Password string
}

func (p KeyPair) keyFile() string {
	if p.KeyFile == "" {
		return p.CertFile
	}
	return p.KeyFile
}

// String names the files and not the password.
func (p KeyPair) String() string { return fmt.Sprintf("{%s %s}", p.CertFile, p.keyFile()) }

// GoString is String, so that no %#v prints the password.
func (p KeyPair) GoString() string { return p.String() }

// Note is something in a file that has an effect the reader may not expect.
type Note struct {
	File   string
	Pos    etf.Pos
	Side   string // "server" or "client"
	Option string
	Text   string
}

// String returns file:line:column: side option: text.
func (n Note) String() string {
	return posPrefix(n.File, n.Pos) + n.Side + " option " + n.Option + ": " + n.Text
}

// posPrefix is what stands in front of a message about a position in a file.
func posPrefix(file string, pos etf.Pos) string {
	switch {
	case pos.Line == 0 && file == "":
		return ""
	case pos.Line == 0:
		return file + ": "
	case file == "":
		return fmt.Sprintf("%d:%d: ", pos.Line, pos.Column)
	}
	return fmt.Sprintf("%s:%d:%d: ", file, pos.Line, pos.Column)
}
