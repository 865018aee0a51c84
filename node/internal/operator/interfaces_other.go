//go:build !linux

package operator

// remoteAddrs is known on Linux only.
func remoteAddrs() map[string]remoteAddr { return nil }
