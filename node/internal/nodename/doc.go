// Package nodename makes full node names of what users type, by the rules of erl's -sname and -name (OTP's
// net_kernel).
package nodename
