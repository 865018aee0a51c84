// Package transport opens, accepts and protects the connections that carry the distribution protocol.
//
// What erl chooses by -proto_dist are two things here: the Family of addresses, IPv4 or IPv6 (OTP's drivers inet_tcp
// and inet6_tcp), and the Carrier between the connection and the handshake of the distribution, plain TCP or TLS
// (OTP's alternative carriers, inet_tls_dist).
package transport
