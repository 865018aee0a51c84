//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

// The node may open few files. Other programs open as many connections as they can, to it and to the EPMD that it
// embeds, and send nothing.
func TestStrangersKeepNobodyOutHoweverFewFilesThereAre(t *testing.T) {
	bin := buildBinary(t)
	for _, files := range []int{64, 256, 1024} {
		t.Run(fmt.Sprint(files), func(t *testing.T) {
			var limit syscall.Rlimit
			require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
			if uint64(limit.Cur) < uint64(3*files) {
				gonodetest.SkipLane(t, "few open files", "the test itself may open too few")
			}
			alone(t)
			run := exec.Command("/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" run -v`, files), bin)
			talk, err := run.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, run.Start())
			said := make(chan []string, 1)
			t.Cleanup(func() {
				_ = run.Process.Signal(os.Interrupt)
				lines := <-said
				require.NoError(t, run.Wait())
				require.Less(t, strings.Count(strings.Join(lines, "\n"), "too many open files"), 3, "one line a minute")
			})
			port := make(chan string, 1)
			go func() {
				var lines []string
				for s := bufio.NewScanner(talk); s.Scan(); {
					if m := regexp.MustCompile(`listening on .*:(\d+),`).FindStringSubmatch(s.Text()); m != nil && len(port) == 0 {
						port <- m[1]
					}
					lines = append(lines, s.Text())
				}
				said <- lines
			}()
			for _, port := range []string{<-port, os.Getenv("ERL_EPMD_PORT")} {
				for range files {
					c, err := net.Dial("tcp", "127.0.0.1:"+port)
					if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) {
						continue // the system or the node refused the connection
					}
					require.NoError(t, err)
					t.Cleanup(func() { _ = c.Close() })
				}
			}
			require.Equal(t, "pong", prints(t, "ping", "gonode"))
			require.Regexp(t, `gonode\t\d+`, prints(t, "names"))
		})
	}
}
