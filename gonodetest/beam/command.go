//go:build unix

package beam

import (
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
)

// started counts the nodes of this test binary. Unique node names are made of it.
var started atomic.Int64

// settle applies the options to the defaults of the test.
func settle(t testing.TB, prefix string, opts []Option) *settings {
	t.Helper()
	s := &settings{dist: true, cookie: gonodetest.Cookie(t), timeout: 30 * time.Second}
	for _, o := range opts {
		o(s)
	}
	if s.dist && s.name == "" {
		s.name = prefix + strconv.FormatInt(started.Add(1), 10)
	}
	if s.dist && s.epmd == 0 {
		s.epmd = PrivateEPMD(t).Port()
	}
	return s
}

// command makes the command of a node from the node's own arguments. dash is how its flags begin: "-" or "--".
func (s *settings) command(t testing.TB, program, dash string, args ...string) *exec.Cmd {
	t.Helper()
	var flags, emulator []string
	if s.dist {
		kind := "sname"
		if s.long {
			kind = "name"
		}
		cookie := "cookie"
		if dash == "-" {
			cookie = "setcookie"
		}
		flags = append(flags, dash+kind, s.name, dash+cookie, s.cookie)
		// The node must never start a daemon that outlives the test.
		emulator = append(emulator, "-start_epmd", "false")
	}
	if s.hidden {
		flags = append(flags, dash+"hidden")
	}
	emulator = append(emulator, s.args...)
	home := t.TempDir()
	cmd := exec.Command(program, append(flags, args...)...)
	cmd.Dir = home
	cmd.Env = append(cleanEnv(),
		"HOME="+home,
		"LC_ALL=C.UTF-8",
		"ERL_CRASH_DUMP="+home+"/erl_crash.dump",
		"ERL_AFLAGS="+quoteFlags(emulator),
	)
	if s.dist {
		cmd.Env = append(cmd.Env, "ERL_EPMD_PORT="+strconv.Itoa(s.epmd))
	}
	cmd.Env = append(cmd.Env, s.env...)
	return cmd
}

// quoteFlags quotes arguments for ERL_AFLAGS. erlexec splits that variable at blanks. Outside of quotes a backslash
// takes the special meaning from any character; inside of quotes it is an ordinary character.
func quoteFlags(args []string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if a == "" {
			b.WriteString(`""`)
		}
		for j := range len(a) {
			if strings.IndexByte(" \t\n\r\\'\"", a[j]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(a[j])
		}
	}
	return b.String()
}
