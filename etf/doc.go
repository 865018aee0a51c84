// Package etf turns Erlang terms into bytes and back: the External Term Format as OTP 23 to 29 write and read it.
package etf
