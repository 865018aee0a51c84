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

// clientNames is how many names passing clients of a host share. A node name is an atom for ever on every BEAM that
// hears of it, so a name that is used once costs a long-lived node memory that it never gets back, and at last its
// life.
const clientNames = 16

const defaultClient = "one of gonode-1 to gonode-16"

const (
	claimTime = time.Second
	noPort    = 1 // nobody listens there, and nobody is meant to dial a client
)

// claimName returns a name for a passing client of the node called peer, and what gives it back when the client has
// ended. The EPMD of this host says which of the names is free, and gives it to one of those who ask for it at once.
// Without an EPMD, without a full name of this host if it takes one, or with none left the peer makes the name.
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

// register takes the first of the names that is free.
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

// uniqueName is the name of a client that needs no EPMD and no peer for it, and is used once: the process id and a
// number that keeps clients of one process apart.
func uniqueName(peer string, long bool) string {
	alive := fmt.Sprintf("gonode-%d-%d", os.Getpid(), clients.Add(1))
	full, err := node.FullName(alive, long)
	if err != nil {
		return alive + "@" + hostOf(peer)
	}
	return full
}
