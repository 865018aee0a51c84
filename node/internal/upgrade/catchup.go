package upgrade

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

// ErrPeersDiffer means that the peers of a node do not all have the same permanent release, as in the middle of an
// upgrade, so that there is none to follow.
var ErrPeersDiffer = errors.New("the peers do not have the same permanent release")

// peerAnswerTime is how long a peer may take to answer, the time of gen_server:call/2.
const peerAnswerTime = 5 * time.Second

// CatchUp brings the node called self to the permanent release of its peers, by its own relup, and makes that
// permanent. It returns the version that is permanent afterwards. The error matches ErrPeersDiffer if the peers
// disagree, and is a *codechange.Error if the upgrade was refused or failed. See node.Node.CatchUp.
func CatchUp(ctx context.Context, servers Servers, h *releasehandler.Handler, self etf.Atom,
	peers []etf.Atom) (vsn string, err error) {
	own := permanentVsn(h.Releases())
	for _, peer := range peers {
		theirs, err := permanentOf(ctx, servers, peer)
		switch {
		case ctx.Err() != nil:
			return own, context.Cause(ctx)
		case err != nil || peer == self:
			continue
		case vsn != "" && theirs != vsn:
			return own, fmt.Errorf("%w: %s and %s", ErrPeersDiffer, vsn, theirs)
		}
		vsn = theirs
	}
	if vsn == "" || vsn == own {
		return own, nil
	}
	if h.Running().Vsn != vsn {
		if _, err := h.Install(ctx, vsn, codechange.Options{}); err != nil {
			return own, err
		}
	}
	if err := h.MakePermanent(ctx, vsn); err != nil {
		return own, err
	}
	return vsn, nil
}

func permanentVsn(releases []releasehandler.Release) string {
	for _, r := range releases {
		if r.Status == releasehandler.StatusPermanent {
			return r.Vsn
		}
	}
	return ""
}

// permanentOf asks a peer for its permanent release, an element {Name, Vsn, Libs, permanent} of what
// release_handler:which_releases/0 returns.
func permanentOf(ctx context.Context, servers Servers, peer etf.Atom) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, peerAnswerTime)
	defer cancel()
	answer, err := servers.Call(ctx, etf.Tuple{etf.Atom("rex"), peer}, etf.Tuple{etf.Atom("call"),
		etf.Atom("release_handler"), etf.Atom("which_releases"), etf.List{}, etf.Atom("user")})
	if err != nil {
		return "", err
	}
	list, _ := answer.(etf.List)
	for _, t := range list {
		if r, ok := t.(etf.Tuple); ok && len(r) == 4 && etf.IsAtom(r[3], "permanent") {
			if vsn, ok := etf.AsCharlist(r[1]); ok && vsn != "" {
				return vsn, nil
			}
		}
	}
	return "", fmt.Errorf("%s has no permanent release", peer)
}
