// Package dist speaks the Erlang Distribution Protocol over one connection to one peer: the handshake, then frames of
// control messages and terms.
package dist
