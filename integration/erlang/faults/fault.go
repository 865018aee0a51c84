package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/integration/erlang/docker"
)

// The names of the containers.
const (
	goNode = "ledger"
	first  = "otp27"
	second = "otp25"
)

// fault is a disturbance of the containers.
type fault struct {
	name  string
	text  string
	hold  time.Duration
	long  bool // too long for CI
	begin func(context.Context, *docker.Lab) error
	end   func(context.Context, *docker.Lab) error
	// gone is the load that the fault kills, so that it has no account.
	gone string
	// before is put in front of the command that starts the load on first.
	before string
	// needs returns why this machine cannot make the fault, or nil.
	needs func(context.Context, *docker.Lab) error
}

var (
	// errNot is wrapped by the reasons why this machine cannot make a fault.
	errNot = errors.New("not possible here")
	// errWrong is wrapped by errors about a broken promise.
	errWrong = errors.New("not as promised")
)

func tell(service string, command ...string) func(context.Context, *docker.Lab) error {
	return func(ctx context.Context, lab *docker.Lab) error { return lab.Tell(ctx, service, command...) }
}

// iptables adds (A) or deletes (D) rules in the network of the Go node. FROM and TO stand for the first peer.
func iptables(op string, rules ...string) func(context.Context, *docker.Lab) error {
	return func(ctx context.Context, lab *docker.Lab) error {
		addr, err := lab.Address(ctx, first)
		for _, rule := range rules {
			args := strings.Fields("-w -" + op + " " + strings.NewReplacer("FROM", "-s "+addr, "TO", "-d "+addr).Replace(rule))
			err = errors.Join(err, lab.InNet(ctx, goNode, "iptables", args...))
		}
		return err
	}
}

// ruled is a fault made by rules of iptables.
func ruled(name, text string, hold time.Duration, rules ...string) fault {
	return fault{name: name, text: text, hold: hold, begin: iptables("A", rules...), end: iptables("D", rules...)}
}

// qdisc is a fault made by a queueing discipline.
func qdisc(name, text string, hold time.Duration, what string) fault {
	return fault{name: name, text: text, hold: hold,
		begin: func(ctx context.Context, lab *docker.Lab) error {
			return lab.InNet(ctx, goNode, "tc", strings.Fields("qdisc add dev eth0 root "+what)...)
		},
		end: func(ctx context.Context, lab *docker.Lab) error {
			return lab.InNet(ctx, goNode, "tc", "qdisc", "del", "dev", "eth0", "root")
		}}
}

func nothing(context.Context, *docker.Lab) error { return nil }

// The tick time of all nodes is 4 s, so they notice silence after 3 to 5 s.
var faults = []fault{
	{name: "none", text: "for comparison", hold: 3 * time.Second, begin: nothing, end: nothing},
	{name: "pause, 2 s", text: "the Go node is frozen for less than the tick time", hold: 2 * time.Second,
		begin: tell(goNode, "pause"), end: tell(goNode, "unpause")},
	{name: "pause, 8 s", text: "the Go node is frozen for longer than the tick time", hold: 8 * time.Second,
		begin: tell(goNode, "pause"), end: tell(goNode, "unpause")},
	{name: "Go node killed", text: "SIGKILL, started again after 2 s; its ledger begins anew", hold: 2 * time.Second,
		begin: tell(goNode, "kill", "-s", "KILL"), end: startAgain(goNode)},
	{name: "BEAM killed", text: "SIGKILL to the container of OTP 25; the account is that of OTP 27 and of the ledger",
		hold:  2 * time.Second,
		begin: tell(second, "kill", "-s", "KILL"), end: startAgain(second), gone: second},
	ruled("partition, 10 s", "nothing passes between the Go node and OTP 27", 10*time.Second, "INPUT FROM -j DROP",
		"OUTPUT TO -j DROP"),
	ruled("partition, one way", "nothing from OTP 27 reaches the Go node for 10 s", 10*time.Second, "INPUT FROM -j DROP"),
	withLong(ruled("partition, 2 min", "nothing passes between the Go node and OTP 27", 2*time.Minute,
		"INPUT FROM -j DROP", "OUTPUT TO -j DROP")),
	ruled("connections reset", "whatever comes from OTP 27 is answered with a TCP reset for 3 s", 3*time.Second,
		"INPUT FROM -p tcp -j REJECT --reject-with tcp-reset"),
	ruled("loss, 20 %", "a fifth of the packets to the Go node is lost", 6*time.Second,
		"INPUT -p tcp -m statistic --mode random --probability 0.2 -j DROP"),
	qdisc("slow link", "256 kbit/s away from the Go node, queue of 500 ms (tbf)", 6*time.Second,
		"tbf rate 256kbit burst 4kb latency 500ms"),
	delayed(100 * time.Millisecond),
	{name: "EPMD killed", text: "that of both BEAMs, started again after 3 s", hold: 3 * time.Second,
		begin: inBoth(`for p in /proc/[0-9]*; do [ "$(cat $p/comm 2>/dev/null)" != epmd ] || kill -9 ${p#/proc/}; done`),
		end: inBoth(`epmd -daemon; i=0
			until epmd -names | grep -q "^name load at"; do i=$((i+1)); [ $i -lt 200 ] || exit 1; sleep 0.1; done`)},
	{name: "disk full", text: "of the release handler of the Go node, which refuses to note a release and to make it " +
		"permanent, and does so when there is room again", hold: 3 * time.Second,
		begin: handler("full"), end: handler("free")},
	clockJump(),
}

// handler applies a function of handler.erl, which exits with 3 if a check fails.
func handler(function string) func(context.Context, *docker.Lab) error {
	return func(ctx context.Context, lab *docker.Lab) error {
		said, err := lab.Exec(ctx, first, nil,
			fmt.Sprintf(`cd /tmp && erl -noinput -hidden -name operator@%s.lab -setcookie "$GONODE_COOKIE" `+
				`-connect_all false -s handler %s ledger@ledger.lab`, first, function))
		fmt.Println(said)
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 3 {
			return fmt.Errorf("%s: %w", said, errWrong)
		}
		return err
	}
}

func withLong(f fault) fault {
	f.long = true
	return f
}

// startAgain starts a container and waits until it is healthy.
func startAgain(service string) func(context.Context, *docker.Lab) error {
	return func(ctx context.Context, lab *docker.Lab) error {
		if err := lab.Tell(ctx, service, "start"); err != nil {
			return err
		}
		return lab.Healthy(ctx, service)
	}
}

// inBoth runs a shell command in the containers of both BEAMs.
func inBoth(command string) func(context.Context, *docker.Lab) error {
	return func(ctx context.Context, lab *docker.Lab) error {
		_, err := lab.Exec(ctx, first, nil, command)
		_, err2 := lab.Exec(ctx, second, nil, command)
		return errors.Join(err, err2)
	}
}

// fakeTime is the path of libfaketime in Debian. The library gives a program another time.
const fakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

// clockJump makes the clock of a BEAM jump. It cannot do that to the Go node: a Go program does not ask the C library
// for the time, and the system's clock belongs to all containers.
func clockJump() fault {
	set := func(offset string) func(context.Context, *docker.Lab) error {
		return func(ctx context.Context, lab *docker.Lab) error {
			_, err := lab.Exec(ctx, first, nil, fmt.Sprintf("echo '%s' >/tmp/offset", offset))
			return err
		}
	}
	return fault{name: "clock jumps", text: "that of OTP 27 an hour ahead, and back after 6 s (libfaketime)",
		hold:  6 * time.Second,
		begin: set("+3600"), end: set("+0"),
		before: "LD_PRELOAD=/tmp/libfaketime.so FAKETIME_TIMESTAMP_FILE=/tmp/offset FAKETIME_NO_CACHE=1 " +
			"FAKETIME_DONT_FAKE_MONOTONIC=1",
		needs: func(ctx context.Context, lab *docker.Lab) error {
			if _, err := os.Stat(fakeTime); err != nil {
				return fmt.Errorf("libfaketime is not installed: %w", errNot)
			}
			if err := lab.CopyTo(ctx, first, fakeTime, "/tmp/libfaketime.so"); err != nil {
				return err
			}
			return set("+0")(ctx, lab)
		}}
}
