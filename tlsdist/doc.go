// Package tlsdist reads what tells a node how to use TLS, the file of OTP's -ssl_dist_optfile and the words of
// -ssl_dist_opt, and makes configurations of crypto/tls out of it: one for the connections that a node accepts, one for
// those that it makes, each with the checks that OTP's inet_tls_dist does.
//
// What an option asks for is either done, or has no meaning outside of a BEAM (such as hibernate_after), or is
// refused by an *OptionError with its place in the file. What narrows a choice, such as a cipher suite that
// crypto/tls does not have in a list of others, is a Note. So nothing that a file says to make connections safer is
// passed over in silence.
//
// # Defaults
//
// Where releases of OTP differ, the newer and stricter one counts. Without {verify, _} a client verifies (OTP 26), so
// it needs a cacertfile; a server does not. A server that verifies wants a certificate from every client unless it
// says {fail_if_no_peer_cert, false} (OTP 26). Without {versions, _} both TLS 1.2 and 1.3 will do, while OTP takes
// 1.2 alone: nodes with either setting can be reached. A server_name_indication in the file counts, as from OTP 26
// on.
//
// # Files
//
// Certificates and keys are read when a configuration is made first, so that a node with a file missing does not
// start, and again when one of them has changed: certificates may be replaced under a running node, as under one of
// OTP. If the new ones cannot be used, the old ones stay in use and the error is returned beside them.
//
// The package opens no connections. Options and Credentials may be used by several goroutines; Options must not be
// changed once they are in use.
package tlsdist
