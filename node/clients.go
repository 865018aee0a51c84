package node

import "github.com/gonode-otp/gonode/genserv"

// Client is what a server calls others with; a process of this node has none yet.
func (w world) Client() genserv.Client { return nil }
