package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/node"
)

// cookie is the secret of the cluster and how to speak of it without telling it.
type cookie struct {
	value string
	from  string // where it was found, for people
	shell string // how a shell gets it; empty if erl and iex find it by themselves
}

// cookieVar is the environment variable that holds the cookie.
const cookieVar = "GONODE_COOKIE"

// placeholder stands for a cookie that only the command line had.
const placeholder = "THE_COOKIE"

// findCookie applies the precedence flag, environment, file. Like erl it makes a cookie file if there is none, and says so.
func (o *options) findCookie(talk io.Writer) (cookie, error) {
	c, err := o.lookCookie(talk)
	o.cookieFrom = c.from
	if err == nil && !isCookie(c.value) {
		err = usagef("the cookie from %s is not 1 to 255 characters of Latin-1", c.from)
	}
	return c, err
}

// isCookie tells whether a cookie can be proven to OTP, which takes the digest of its characters as bytes.
func isCookie(value string) bool {
	return value != "" && utf8.ValidString(value) && utf8.RuneCountInString(value) <= 255 &&
		!strings.ContainsFunc(value, func(r rune) bool { return r > 0xff })
}

func (o *options) lookCookie(talk io.Writer) (cookie, error) {
	if o.cookie != "" {
		return cookie{o.cookie, "--cookie", placeholder}, nil
	}
	if o.cookieFile != "" {
		file, err := filepath.Abs(o.cookieFile)
		if err != nil {
			return cookie{}, err
		}
		value, err := node.ReadCookieFile(file)
		return cookie{value, file, `"$(cat ` + shellQuote(file) + `)"`}, err
	}
	// What fills an environment variable from a file often leaves the line end on.
	if value := strings.TrimRight(os.Getenv(cookieVar), "\r\n"); value != "" {
		return cookie{value, cookieVar, `"$` + cookieVar + `"`}, nil
	}
	found, err := node.ReadCookie()
	if err != nil {
		return cookie{}, err
	}
	if found.Made {
		fmt.Fprintf(talk, "made a new cookie in %s\n", found.File)
	}
	return cookie{value: found.Value, from: found.File}, nil
}

// shellQuote writes a word such that a POSIX shell takes it as it is.
func shellQuote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
