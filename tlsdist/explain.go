package tlsdist

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// HandshakeError is a connection that TLS has refused: it says which side did, why, and what to change where.
type HandshakeError struct {
	// Incoming says that the peer dialled us.
	Incoming bool
	// Remote says that the peer refused. Otherwise we did.
	Remote bool
	// Reason is what is wrong, Advice what to change and on which side.
	Reason, Advice string
	// Err is the error below: a *PeerError, one of crypto/tls or of the connection.
	Err error
}

// Error returns both texts.
func (e *HandshakeError) Error() string { return "tls: " + e.Reason + "; " + e.Advice }

// Unwrap returns the error below.
func (e *HandshakeError) Unwrap() error { return e.Err }

// Timeout reports whether the peer did not answer in time.
func (e *HandshakeError) Timeout() bool {
	return errors.Is(e.Err, os.ErrDeadlineExceeded) || errors.Is(e.Err, context.DeadlineExceeded)
}

// Explain makes a HandshakeError of what a handshake of TLS that used c has returned.
func (c *Credentials) Explain(err error) *HandshakeError {
	e := &HandshakeError{Incoming: c.role == "server", Err: err}
	var (
		peer   *PeerError
		record tls.RecordHeaderError
		suite  *suiteError
	)
	switch alert := Alert(err); {
	case alert != "":
		e.Remote = true
		e.Reason, e.Advice = c.explainAlert(alert)
	case errors.As(err, &peer):
		e.Reason, e.Advice = peer.Error(), peer.Advice
	case errors.As(err, &suite):
		e.Reason, e.Advice = suite.Error(), "list the same cipher suites on both sides"
	case errors.As(err, &record):
		e.Reason = "what the peer says is not TLS"
		e.Advice = "start it with -proto_dist inet_tls too (inet6_tls for IPv6), or both sides without"
	case e.Timeout():
		e.Reason = "the peer did not take part in the handshake of TLS in time"
		e.Advice = "see that it has -proto_dist inet_tls: a node without waits for more, and so does a host that is " +
			"overloaded"
	case isClosed(err):
		e.Reason = "the peer closed the connection during the handshake of TLS without a word"
		e.Advice = "see that it has -proto_dist inet_tls and a certfile for its server; its log may say more"
	default:
		e.Reason, e.Advice = c.explainLocal(strings.TrimPrefix(err.Error(), "tls: "))
	}
	return e
}

func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// Alert returns the text of the alert by which the other side has ended a connection, "" if err is something else. In
// TLS 1.3 the peer refuses a certificate after the handshake is done for us: then what is read first returns it.
func Alert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ") // crypto/tls does not export the type
	}
	return ""
}

// certFile is the file of the certificate that this side shows.
func (c *Credentials) certFile() string {
	if len(c.side.Certs) == 0 {
		return ""
	}
	return c.side.Certs[0].CertFile
}

// explainAlert says what an alert of the peer means. RFC 8446, section 6.2; ssl_alert and ssl_handshake of OTP.
func (c *Credentials) explainAlert(alert string) (reason, advice string) {
	file := c.certFile()
	reason = "the peer refused: " + alert
	switch alert {
	case "certificate required", "bad certificate", "unsupported certificate", "revoked certificate",
		"expired certificate",
		"unknown certificate", "unknown certificate authority", "access denied", "error decrypting message":
		if file == "" || alert == "certificate required" {
			return reason, "it wants a certificate from this side and got none: give the " + c.role + " on this side a certfile"
		}
		reason = "the peer did not accept the certificate of this side, " + file + ": " + alert
		if strings.HasPrefix(alert, "unknown certificate a") {
			return reason, "add its issuer to the cacertfile of the peer, or use a certificate here that the peer trusts"
		}
		return reason, "use a certificate that is valid and trusted on the other side (" + c.role +
			" option certfile here, cacertfile there)"
	case "handshake failure":
		if c.role == "server" {
			return reason, "it found nothing in common with this side (ciphers, versions), or " + file +
				" is not for the host in the name of this node, which it verifies; its log says which"
		}
		return reason, "it has no certificate to show (its server's certfile) or nothing in common with this side " +
			"(ciphers, versions), or does not accept that the " +
			"client on this side has " + orNone(file) + "; its log says which"
	case "protocol version not supported", "insufficient security level", "inappropriate fallback":
		return reason, "this side has " + c.versionText() +
			"; give both sides a version and ciphers in common (option versions)"
	case "internal error":
		return reason, "something is wrong over there, such as a certfile that it cannot read; its log says what"
	case "unexpected message", "record overflow", "error decoding message", "illegal parameter":
		return reason, "it does not take what this side sent for TLS; see that it has -proto_dist inet_tls"
	case "unrecognized name":
		return reason, "it has no certificate for the name that was dialled; see its sni_hosts"
	}
	return reason, "its log says why"
}

func orNone(file string) string {
	if file == "" {
		return "no certfile"
	}
	return file
}

func (c *Credentials) versionText() string {
	low, high := c.side.versions()
	if low == high {
		return tls.VersionName(low) + " alone"
	}
	return fmt.Sprintf("%s to %s", tls.VersionName(low), tls.VersionName(high))
}

// explainLocal says what an error of crypto/tls itself means, by its text: most have no type.
func (c *Credentials) explainLocal(text string) (reason, advice string) {
	switch {
	case strings.Contains(text, "client didn't provide a certificate"):
		return "the peer showed no certificate, and this side wants one",
			"give its client a certfile, or say {fail_if_no_peer_cert, false} on this side"
	case strings.Contains(text, "version"):
		return text, "this side has " + c.versionText() + "; give both sides a version in common (option versions)"
	case strings.Contains(text, "cipher suite"), strings.Contains(text, "supported by both"),
		strings.Contains(text, "curve"), strings.Contains(text, "group"),
		strings.Contains(text, "signature algorithm"):
		return text, "give both sides something in common (options ciphers, supported_groups), and a kind of key that " +
			"both support"
	}
	return text, "compare the TLS options of both sides"
}
