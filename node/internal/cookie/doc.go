// Package cookie reads and makes the cookie file of a user, where and as erl does (OTP's module auth).
package cookie
