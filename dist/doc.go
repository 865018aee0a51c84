// Package dist speaks the Erlang Distribution Protocol over one connection to one peer. It neither listens nor dials:
// it is given a net.Conn, does the handshake on it, and then carries control messages and terms.
//
//   - [Local] is our side of the handshake: [Local.Connect] if we have dialled, [Local.Accept] if the peer has. Both
//     end with a [Peer], what was established about the other end, or a [HandshakeError], which names what to change.
//   - [Conn] is the connection afterwards. Serve has goroutines of the connection read, which hand every [Message] to a
//     [Handler] one after the other; it returns when the connection has ended. Send writes. Both keep the order. Ticks,
//     the atom cache and fragments are handled by the connection itself; [Flags] decide about the last two.
//
// A node that wants to reach another one does this:
//
//	l := dist.Local{Node: "go@host", Creation: creation, Cookie: cookieOf}
//	peer, err := l.Connect(ctx, c, "erl@host", nil)
//	if err != nil {
//		return err
//	}
//	conn := dist.NewConn(c, peer, dist.Options{})
//	go func() { ended <- conn.Serve(handler) }()
//	err = conn.Send(ctx, &dist.RegSend{From: self, To: "logger"}, etf.Atom("hello"))
//
// What comes from a peer is never trusted. Lengths are checked before anything is allocated, malformed input is an
// error value with its offset, and nothing panics. Until a peer has proved that it knows the cookie it costs a few
// kilobytes and a name. The cookie keeps strangers out as long as nobody listens on the line: what passes over a
// plain connection is neither secret nor protected against change, for which there is TLS below it.
//
// The package is written after "Distribution Protocol" in the documentation of ERTS, dist_util.erl of kernel, and what
// real nodes do.
package dist
