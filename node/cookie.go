package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Cookie is what ReadCookie found.
type Cookie struct {
	Value string // the secret: never log it
	File  string // where it was read, or written
	Made  bool   // a new one was made
}

// CookieError is a cookie file that cannot be used. Its text does not contain the cookie.
type CookieError struct {
	File   string
	Reason string
	Err    error // may be nil
}

func (e *CookieError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("node: cookie file %s: %s: %v", e.File, e.Reason, e.Err)
	}
	return fmt.Sprintf("node: cookie file %s: %s", e.File, e.Reason)
}

func (e *CookieError) Unwrap() error { return e.Err }

// ReadCookie returns the cookie of the user, as OTP's auth server finds it: ~/.erlang.cookie, else
// $XDG_CONFIG_HOME/erlang/.erlang.cookie (default ~/.config). If neither file exists, it writes a random one to
// ~/.erlang.cookie with mode 0400. A file that others may read is refused with a *CookieError.
func ReadCookie() (Cookie, error) {
	c, err := FindCookie()
	if c.File == "" || !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	return makeCookie(c.File)
}

// FindCookie is ReadCookie without a file being written: if neither is there it fails with a *CookieError that matches
// fs.ErrNotExist, and File says which one it is that ReadCookie would make.
func FindCookie() (Cookie, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Cookie{}, fmt.Errorf("node: no cookie given and no home directory to read it from: %w", err)
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	first := filepath.Join(home, ".erlang.cookie")
	for _, file := range []string{first, filepath.Join(config, "erlang", ".erlang.cookie")} {
		value, err := ReadCookieFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return Cookie{Value: value, File: file}, err
	}
	return Cookie{File: first}, &CookieError{first, "is missing", fs.ErrNotExist}
}

// maxCookieFile is more than a cookie with blanks behind it needs.
const maxCookieFile = 1024

// readAtMost reads the beginning of a file, which may have become another one since it was looked at.
func readAtMost(file string, max int64) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, max))
}

// ReadCookieFile returns the cookie in file. It fails with a *CookieError if the file is missing (matching
// fs.ErrNotExist), not a regular file, empty, longer than an atom may be or readable by others (auth:read_cookie/3).
func ReadCookieFile(file string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", &CookieError{file, "cannot be read", err}
	case !info.Mode().IsRegular():
		return "", &CookieError{file, "is not a regular file", nil}
	case info.Mode().Perm()&0o077 != 0:
		return "", &CookieError{file, fmt.Sprintf("has mode %04o, must be accessible by its owner only: chmod 400",
			info.Mode().Perm()), nil}
	case info.Size() > maxCookieFile:
		return "", &CookieError{file, "is longer than a cookie can be", nil}
	}
	data, err := readAtMost(file, maxCookieFile)
	if err != nil {
		return "", &CookieError{file, "cannot be read", err}
	}
	value, reason := parseCookie(string(data))
	if reason != "" {
		return "", &CookieError{file, reason, nil}
	}
	return value, nil
}

// parseCookie applies auth:check_cookie/2: printable ASCII, then nothing but line ends and spaces.
func parseCookie(data string) (value, reason string) {
	end := strings.IndexFunc(data, func(r rune) bool { return r < ' ' || r > '~' })
	if end < 0 {
		end = len(data)
	}
	switch {
	case strings.Trim(data[end:], "\r\n ") != "":
		return "", "has characters that a cookie cannot have"
	case end == 0:
		return "", "is empty"
	case end > 255:
		return "", "is longer than 255 characters, the length of an atom"
	}
	return data[:end], ""
}

// makeCookie writes 20 random capital letters, as auth:random_cookie/3 does. The file has its name only when it is
// complete: whoever comes at the same time finds either none, or the cookie. If another one was faster its cookie is
// the one that counts.
func makeCookie(file string) (Cookie, error) {
	letters := make([]byte, 20)
	_, _ = rand.Read(letters) // crypto/rand.Read never fails
	for i, b := range letters {
		letters[i] = 'A' + b%26
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".")
	if err != nil {
		return Cookie{}, &CookieError{file, "cannot be made", err}
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(letters)
	if err = errors.Join(err, f.Chmod(0o400), f.Close()); err != nil {
		return Cookie{}, &CookieError{file, "cannot be written", err}
	}
	switch err := os.Link(f.Name(), file); {
	case errors.Is(err, fs.ErrExist):
		value, err := ReadCookieFile(file)
		return Cookie{Value: value, File: file}, err
	case err != nil:
		return Cookie{}, &CookieError{file, "cannot be made", err}
	}
	return Cookie{Value: string(letters), File: file, Made: true}, nil
}
