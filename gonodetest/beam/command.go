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

// started counts the nodes of this test binary, for names that were not given out before.
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

// command makes the command of a node whose own arguments are given; dash is how its flags begin: "-" or "--".
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

// quoteFlags writes arguments the way erlexec splits ERL_AFLAGS: at blanks, where a backslash outside of quotes takes
// the special sense from any character. (Inside of quotes it is a character like any other.)
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
