package upgrade

import (
	"context"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// syncTable keeps the messages {sync_nodes, Id, Node} of other nodes until an upgrade of this one waits for them.
// They may come long before. pre_sync_nodes of release_handler.erl.
type syncTable struct {
	mu      sync.Mutex
	arrived []syncPoint
	news    chan struct{} // closed by the next arrival; made by who waits
}

type syncPoint struct {
	id   etf.Term
	node etf.Atom
}

func (t *syncTable) add(id etf.Term, node etf.Atom) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.arrived = append(t.arrived, syncPoint{id, node})
	if t.news != nil {
		close(t.news)
		t.news = nil
	}
}

// take takes the message out of the table; if it is not there yet, news is closed when another one has come.
func (t *syncTable) take(id etf.Term, node etf.Atom) (ok bool, news <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.IndexFunc(t.arrived, func(s syncPoint) bool { return s.node == node && etf.Equal(s.id, id) })
	if at >= 0 {
		t.arrived = slices.Delete(t.arrived, at, at+1)
		return true, nil
	}
	if t.news == nil {
		t.news = make(chan struct{})
	}
	return false, t.news
}

// Sync implements codechange.Host: sync_nodes/2 of release_handler_1.erl. Differs from OTP: a node that cannot be
// reached is down at once, where OTP waits for ever.
func (h *Host) Sync(ctx context.Context, id etf.Term, nodes []etf.Atom) error {
	ctx, cancel := h.UntilStop(ctx)
	defer cancel()
	down := h.NodesDown(ctx)
	defer down.Close()
	others := slices.DeleteFunc(slices.Clone(nodes), func(node etf.Atom) bool { return node == h.Name() })
	message := etf.Tuple{etf.Atom("sync_nodes"), id, h.Name()}
	for _, node := range others {
		if err := h.Send(ctx, etf.Tuple{etf.Atom("release_handler"), node}, message); err != nil {
			return nodedown(node)
		}
	}
	gone := map[etf.Atom]bool{}
	for _, node := range others {
		if err := h.awaitSync(ctx, id, node, down, gone); err != nil {
			return err
		}
	}
	return nil
}

// awaitSync waits for the message of one node. gone are those that went down meanwhile.
func (h *Host) awaitSync(ctx context.Context, id etf.Term, node etf.Atom, down NodesDown,
	gone map[etf.Atom]bool) error {
	for {
		ok, news := h.syncs.take(id, node)
		if ok {
			return nil
		}
		for name, ok := down.Take(); ok; name, ok = down.Take() {
			gone[name] = true
		}
		if gone[node] {
			return nodedown(node)
		}
		select {
		case <-news:
		case <-down.Wake():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// nodedown is what sync_nodes throws.
func nodedown(node etf.Atom) error {
	return &codechange.Error{Reason: etf.Tuple{etf.Atom("sync_error"), etf.Tuple{etf.Atom("nodedown"), node}}}
}
