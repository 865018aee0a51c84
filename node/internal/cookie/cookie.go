package cookie

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Cookie is what Read or Find found.
type Cookie struct {
	Value string // the secret: never log it
	File  string // where it was read, or written
	Made  bool   // a new one was made
}

// shown is Cookie without its methods.
type shown Cookie

func (c Cookie) shown() shown {
	c.Value = "[hidden]"
	return shown(c)
}

// Format implements fmt.Formatter: it shows where the cookie is from, and not the secret.
func (c Cookie) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), c.shown())
}

// LogValue implements slog.LogValuer: it shows where the cookie is from.
func (c Cookie) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", c)) }

// Error is a cookie file that cannot be used. Its text does not contain the cookie.
type Error struct {
	File   string
	Reason string
	Err    error // may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("node: cookie file %s: %s: %v", e.File, e.Reason, e.Err)
	}
	return fmt.Sprintf("node: cookie file %s: %s", e.File, e.Reason)
}

func (e *Error) Unwrap() error { return e.Err }

// Read returns the cookie of the user, as OTP's auth server finds it: ~/.erlang.cookie, else
// $XDG_CONFIG_HOME/erlang/.erlang.cookie (default ~/.config). If neither file exists, it writes a random one to
// ~/.erlang.cookie with mode 0400. A file that others may read is refused with an *Error.
func Read() (Cookie, error) {
	c, err := Find()
	if c.File == "" || !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	return create(c.File)
}

// Find is Read that writes no file: if neither is there it fails with an *Error that matches fs.ErrNotExist, and File
// is the one that Read would make.
func Find() (Cookie, error) {
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
		value, err := ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return Cookie{Value: value, File: file}, err
	}
	return Cookie{File: first}, &Error{first, "is missing", fs.ErrNotExist}
}

// maxFile is more than a cookie with blanks behind it needs.
const maxFile = 1024

// readAtMost reads the beginning of a file. The file may be another one than Stat has seen: a pipe must not block it.
func readAtMost(file string, max int64) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, max))
}

// ReadFile returns the cookie in file. It fails with an *Error if the file is missing (matching
// fs.ErrNotExist), not a regular file, empty, longer than an atom may be or readable by others (auth:read_cookie/3).
func ReadFile(file string) (string, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", &Error{file, "cannot be read", err}
	case !info.Mode().IsRegular():
		return "", &Error{file, "is not a regular file", nil}
	case info.Mode().Perm()&0o077 != 0:
		return "", &Error{file, fmt.Sprintf("has mode %04o, must be accessible by its owner only: chmod 400",
			info.Mode().Perm()), nil}
	case info.Size() > maxFile:
		return "", &Error{file, "is longer than a cookie can be", nil}
	}
	data, err := readAtMost(file, maxFile)
	if err != nil {
		return "", &Error{file, "cannot be read", err}
	}
	value, reason := parse(string(data))
	if reason != "" {
		return "", &Error{file, reason, nil}
	}
	return value, nil
}

// parse applies auth:check_cookie/2: printable ASCII, then nothing but line ends and spaces.
func parse(data string) (value, reason string) {
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

// create writes 20 random capital letters, as auth:random_cookie/3 does. The file gets its name when it is complete, so
// others that start at the same time find no file or the whole cookie. If one of them was faster, its cookie counts.
func create(file string) (Cookie, error) {
	letters := make([]byte, 20)
	_, _ = rand.Read(letters) // crypto/rand.Read never fails
	for i, b := range letters {
		letters[i] = 'A' + b%26
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".")
	if err != nil {
		return Cookie{}, &Error{file, "cannot be made", err}
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(letters)
	if err = errors.Join(err, f.Chmod(0o400), f.Close()); err != nil {
		return Cookie{}, &Error{file, "cannot be written", err}
	}
	switch err := os.Link(f.Name(), file); {
	case errors.Is(err, fs.ErrExist):
		value, err := ReadFile(file)
		return Cookie{Value: value, File: file}, err
	case err != nil:
		return Cookie{}, &Error{file, "cannot be made", err}
	}
	return Cookie{Value: string(letters), File: file, Made: true}, nil
}
