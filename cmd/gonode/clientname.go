package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/node"
)

// clientNames is how many names the clients of a host share. A BEAM keeps every node name it hears of as an atom for
// ever. Clients with unique names would fill the atom table of a long-lived node.
const clientNames = 16

const defaultClient = "one of gonode-1 to gonode-16"

const (
	claimTime = time.Second
	noPort    = 1 // nobody listens there, and nobody should dial a client
)

// claimName returns a name for a client of the node called peer, and a function that releases the name when the client
// has ended. The EPMD of this host says which names are free, and gives a name to only one of several clients that ask
// at once. The peer makes the name if there is no EPMD, if no name is free, or if this host lacks the full name that a
// long name needs.
func claimName(ctx context.Context, peer string, long bool) (name string, release func()) {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	release = func() {}
	full, err := node.FullName(unnamed, long)
	if err != nil {
		return unnamed + "@" + hostOf(peer), release
	}
	if alive, registration := register(ctx); registration != nil {
		return alive + "@" + hostOf(full), func() { _ = registration.Close() }
	}
	return full, release
}

// register registers the first free name.
func register(ctx context.Context) (alive string, registration *epmd.Registration) {
	for _, loopback := range []string{"127.0.0.1", "::1"} {
		for i := 1; i <= clientNames; i++ {
			alive = "gonode-" + strconv.Itoa(i)
			registration, err := epmd.Register(ctx, epmd.RegisterOptions{Name: alive, Port: noPort, Hidden: true,
				Addr: net.JoinHostPort(loopback, strconv.Itoa(epmd.DefaultPort()))})
			if err == nil {
				return alive, registration
			}
			if taken := (*epmd.NameTakenError)(nil); !errors.As(err, &taken) {
				break
			}
		}
	}
	return "", nil
}

// clients counts the client nodes of this process.
var clients atomic.Uint32

// uniqueName returns a name for a client that asks neither an EPMD nor a peer for one. The name is used once: it
// consists of the process id and a number that distinguishes the clients of one process.
func uniqueName(peer string, long bool) string {
	alive := fmt.Sprintf("gonode-%d-%d", os.Getpid(), clients.Add(1))
	full, err := node.FullName(alive, long)
	if err != nil {
		return alive + "@" + hostOf(peer)
	}
	return full
}
