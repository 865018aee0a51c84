package tlsdist

import (
	"errors"
	"io/fs"

	"github.com/gonode-otp/gonode/etf"
)

// OptionError is an option that cannot be honoured, or a file that is not of the form [{server, Options}, {client,
// Options}].
type OptionError struct {
	File   string  // empty if the options are not from a file
	Pos    etf.Pos // of the value; the zero Pos if the options are not from a file
	Side   string  // "server", "client", or empty if the fault is outside of both
	Option string  // empty if the fault is no single option's
	Reason string
}

// Error returns file:line:column: side option: reason.
func (e *OptionError) Error() string {
	text := "tlsdist: " + posPrefix(e.File, e.Pos)
	if e.Side != "" {
		text += e.Side + " "
	}
	if e.Option != "" {
		text += "option " + e.Option + ": "
	} else if e.Side != "" {
		text += "options: "
	}
	return text + e.Reason
}

// FileError is a file of certificates or keys that cannot be used.
type FileError struct {
	Side   string // "server" or "client"
	Option string // certfile, keyfile or cacertfile
	File   string
	Err    error
}

// Error says which option names the file, and what is wrong with it.
func (e *FileError) Error() string {
	err := e.Err
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the name is said already
	}
	return "tlsdist: " + e.Side + " option " + e.Option + ": " + e.File + ": " + err.Error()
}

// Unwrap returns the error below, such as fs.ErrNotExist.
func (e *FileError) Unwrap() error { return e.Err }

// PeerError is a certificate of the other side that is not accepted.
type PeerError struct {
	Subject, Issuer string // of the certificate, as its owner wrote them
	Reason          string
	Advice          string // what to change, and on which side
	Err             error  // of crypto/x509, if it has one
}

// Error says whose certificate it is and why it is refused.
func (e *PeerError) Error() string {
	return "the certificate of the peer (" + e.Subject + ", issued by " + e.Issuer + ") " + e.Reason
}

// Unwrap returns the error of crypto/x509, nil if it has none.
func (e *PeerError) Unwrap() error { return e.Err }
