package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// relayPort is the port of the relay in the network of the Go node.
const relayPort = "9999"

// delayed delays everything on new connections to the Go node, by netem if the kernel has it, otherwise by a relay.
func delayed(d time.Duration) fault {
	f := fault{name: "delay", text: fmt.Sprintf("%v more each way; existing connections are reset at its beginning "+
		"and its end", d), hold: 6 * time.Second}
	redirect := "PREROUTING -t nat -p tcp ! --dport 4369 -j REDIRECT --to-ports " + relayPort
	reset := "INPUT -p tcp ! --dport 4369 -j REJECT --reject-with tcp-reset"
	var relay *exec.Cmd
	f.begin = func(ctx context.Context, lab *docker.Lab) error {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if relay, err = lab.NetCommand(ctx, goNode, self, "relay", d.String()); err != nil {
			return err
		}
		relay.Stderr = os.Stderr
		out, err := relay.StdoutPipe()
		if err != nil {
			return err
		}
		if err := relay.Start(); err != nil {
			return err
		}
		if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		return errors.Join(iptables("A", redirect, reset)(ctx, lab), pause(ctx, 300*time.Millisecond),
			iptables("D", reset)(ctx, lab))
	}
	f.end = func(ctx context.Context, lab *docker.Lab) error {
		err := iptables("D", redirect)(ctx, lab)
		if relay != nil && relay.Process != nil {
			err = errors.Join(err, relay.Process.Kill())
			_ = relay.Wait()
		}
		return err
	}
	return f
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// runRelay accepts redirected connections and forwards their data with a delay, until it is killed.
func runRelay(delay string) error {
	d, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", ":"+relayPort)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			to, err := destination(c.(*net.TCPConn))
			if err != nil || strings.HasSuffix(to, ":"+relayPort) {
				return
			}
			there, err := net.Dial("tcp4", to)
			if err != nil {
				return
			}
			defer there.Close()
			go late(c, there, d)
			late(there, c, d)
		}()
	}
}

// late copies from one connection to the other, each piece after a delay.
func late(to, from net.Conn, d time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 10000)
	go func() {
		defer close(pieces)
		for {
			buf := make([]byte, 16<<10)
			n, err := from.Read(buf)
			if n > 0 {
				pieces <- piece{buf[:n], time.Now().Add(d)}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		<-time.After(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
	for range pieces { // lets the reader come to its end
	}
}

// destination returns where a redirected connection was dialled to.
func destination(c *net.TCPConn) (string, error) {
	const soOriginalDst = 80 // linux/netfilter_ipv4.h
	raw, err := c.SyscallConn()
	if err != nil {
		return "", err
	}
	var addr *syscall.IPv6Mreq // has the size of sockaddr_in and more
	var failure error
	if err := raw.Control(func(fd uintptr) {
		addr, failure = syscall.GetsockoptIPv6Mreq(int(fd), syscall.IPPROTO_IP, soOriginalDst)
	}); err != nil || failure != nil {
		return "", errors.Join(err, failure)
	}
	m := addr.Multiaddr
	port := binary.BigEndian.Uint16(m[2:4])
	return net.JoinHostPort(netip.AddrFrom4([4]byte(m[4:8])).String(), strconv.Itoa(int(port))), nil
}
