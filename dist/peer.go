package dist

import "github.com/gonode-otp/gonode/etf"

// Peer is what a completed handshake has established about the node at the other end. It does not change afterwards.
type Peer struct {
	// Name is the full name of the peer. It is authenticated as far as the cookie goes.
	Name etf.Atom
	// Creation distinguishes this incarnation of the peer from others of the same name. Old nodes may send 0.
	Creation uint32
	// Flags are those the peer announced, with the digest expanded.
	Flags Flags
	// Negotiated are the flags both sides have. They decide the format of everything that follows.
	Negotiated Flags
	// Status is the answer the acceptor gave to the name of the initiator.
	Status Status
	// Incoming says that the peer dialled us.
	Incoming bool
	// Replaces says that an old connection of the same name has to be dropped: the arbiter answered StatusAlive, the peer
	// insists, and it has proved that it knows the cookie. Deliver noconnection for the old connection before the first
	// message of this one.
	Replaces bool
	// Local is our name on this connection: Local.Node, or what the peer named us if we asked with FlagNameMe.
	Local etf.Atom
	// LocalCreation is our creation on this connection: Local.Creation, or what came with the given name.
	LocalCreation uint32
}

// Hidden reports whether the connection is hidden. It is so for both sides as soon as one of them does not publish
// itself (publish_type of dist_util works on the flags that both have).
func (p *Peer) Hidden() bool { return !p.Negotiated.Has(FlagPublished) }
