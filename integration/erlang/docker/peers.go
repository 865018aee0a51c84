package docker

import (
	_ "embed"
	"strings"
)

//go:embed peers.tsv
var peersTSV string

// Peer is a container with a release of Erlang/OTP.
type Peer struct {
	Service string // in docker-compose.yml
	Image   string
	Suite   string // the Debian suite
}

// Peers returns the peers in peers.tsv.
func Peers() []Peer {
	var peers []Peer
	for line := range strings.Lines(peersTSV) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) >= 3 && !strings.HasPrefix(line, "#") {
			peers = append(peers, Peer{f[0], f[1], f[2]})
		}
	}
	return peers
}
