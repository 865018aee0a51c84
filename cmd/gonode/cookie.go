package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/node"
)

// cookie is the secret of the cluster, and how to refer to it without printing it.
type cookie struct {
	value string
	from  string // where it was found, for messages
	shell string // how a shell gets it; empty if erl and iex find it by themselves
	made  bool   // the file in from is new
}

// cookieVar is the environment variable that holds the cookie.
const cookieVar = "GONODE_COOKIE"

// placeholder stands for a cookie that was given on the command line.
const placeholder = "THE_COOKIE"

// findCookie applies the precedence flag, environment, file. Only a running node makes a file if there is none, as erl
// does. A client would make a cookie that no node has.
func (o *options) findCookie() (cookie, error) {
	c, err := o.lookUpCookie()
	o.cookieFrom = c.from
	if err == nil && !isCookie(c.value) {
		err = usagef("the cookie from %s is not 1 to 255 characters of Latin-1", c.from)
	}
	return c, err
}

// isCookie reports whether OTP can check a cookie. OTP takes the digest of its characters as bytes.
func isCookie(value string) bool {
	return value != "" && utf8.ValidString(value) && utf8.RuneCountInString(value) <= 255 &&
		!strings.ContainsFunc(value, func(r rune) bool { return r > 0xff })
}

func (o *options) lookUpCookie() (cookie, error) {
	if o.cookie != "" {
		return cookie{value: o.cookie, from: "--cookie", shell: placeholder}, nil
	}
	if o.cookieFile != "" {
		file, err := filepath.Abs(o.cookieFile)
		if err != nil {
			return cookie{}, err
		}
		value, err := node.ReadCookieFile(file)
		return cookie{value: value, from: file, shell: `"$(cat ` + shellQuote(file) + `)"`}, err
	}
	// A variable that was filled from a file often ends with a line end.
	if value := strings.TrimRight(os.Getenv(cookieVar), "\r\n"); value != "" {
		return cookie{value: value, from: cookieVar, shell: `"$` + cookieVar + `"`}, nil
	}
	find := node.FindCookie
	if o.makesCookie {
		find = node.ReadCookie
	}
	found, err := find()
	if found.File != "" && errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no cookie: no --cookie-file, no %s and no %s; give that of the cluster",
			cookieVar, found.File)
	}
	return cookie{value: found.Value, from: found.File, made: found.Made}, err
}

// shellQuote quotes a word such that a POSIX shell does not change it.
func shellQuote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
