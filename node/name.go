package node

import (
	"errors"

	"github.com/gonode-otp/gonode/node/internal/cookie"
	"github.com/gonode-otp/gonode/node/internal/nodename"
)

// Cookie is what ReadCookie found: the secret, the file, and whether the file is a new one. It is printed without the
// secret.
type Cookie = cookie.Cookie

// CookieError says that a cookie file cannot be used. Its text does not contain the cookie.
type CookieError = cookie.Error

// ReadCookie returns the cookie of the user, as OTP's auth server finds it: ~/.erlang.cookie, else
// $XDG_CONFIG_HOME/erlang/.erlang.cookie (default ~/.config). If neither file exists, it writes a random one to
// ~/.erlang.cookie with mode 0400. A file that others may read is refused with a *CookieError.
func ReadCookie() (Cookie, error) { return cookie.Read() }

// FindCookie is ReadCookie without writing a file. If neither file exists, it fails with a *CookieError that matches
// fs.ErrNotExist and whose File is the one that ReadCookie would write.
func FindCookie() (Cookie, error) { return cookie.Find() }

// ReadCookieFile returns the cookie in file. It fails with a *CookieError if the file is missing (matching
// fs.ErrNotExist), not a regular file, empty, longer than an atom may be or readable by others (auth:read_cookie/3).
func ReadCookieFile(file string) (string, error) { return cookie.ReadFile(file) }

// FullName returns the node name for what a user typed after erl's -sname (long false) or -name (long true): "name"
// or "name@host". It fails with a *ConfigError if the name cannot be one, if a short name has a host with a dot, or
// if a long name has no host and the full name of this host cannot be found. See net_kernel:create_name/3 and
// inet_db:gethostname/0.
func FullName(name string, long bool) (string, error) {
	full, err := nodename.Full(name, long)
	var refused *nodename.Error
	if errors.As(err, &refused) {
		return "", &ConfigError{"Name", refused.Reason}
	}
	return full, err
}
