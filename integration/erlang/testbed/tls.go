package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gonode-otp/gonode/etf"
)

// writeTLS writes certificates and a file with TLS options into a new directory.
func writeTLS(texts etf.Map) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "testbed"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	for _, p := range texts {
		key, _ := p.Key.(etf.Atom)
		text, ok := p.Value.(etf.Binary)
		if !ok {
			return dir, fmt.Errorf("%s is no text", etf.Format(p.Value))
		}
		if err := os.WriteFile(filepath.Join(dir, string(key)+".pem"), text, 0o600); err != nil {
			return dir, err
		}
	}
	file := func(key string) string { return filepath.Join(dir, key+".pem") }
	options := fmt.Sprintf("{certfile, %q}, {keyfile, %q}, {cacertfile, %q}, {verify, verify_peer}, {versions, "+
		"['tlsv1.2', 'tlsv1.3']}", file("cert"), file("key"), file("ca"))
	text := fmt.Sprintf("[{server, [%s, {fail_if_no_peer_cert, true}]}, {client, [%s]}].\n", options, options)
	return dir, os.WriteFile(filepath.Join(dir, "dist.conf"), []byte(text), 0o600)
}
