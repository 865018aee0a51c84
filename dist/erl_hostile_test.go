//go:build unix

package dist_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// moved returns a term with the identifiers of the two nodes of the unit tests replaced by real ones.
func moved(term etf.Term, self dist.Local, target etf.Pid) etf.Term {
	switch term := term.(type) {
	case etf.Pid:
		if term.Node == "b@localhost" {
			return target
		}
		term.Node, term.Creation = self.Node, self.Creation
		return term
	case etf.Ref:
		if term.Node == "b@localhost" {
			term.Node, term.Creation = target.Node, target.Creation
			return term
		}
		term.Node, term.Creation = self.Node, self.Creation
		return term
	case etf.Tuple:
		out := make(etf.Tuple, len(term))
		for i := range term {
			out[i] = moved(term[i], self, target)
		}
		return out
	}
	return term
}

// What we refuse is what a real node refuses.
func TestErlClosesOnWhatWeCloseOn(t *testing.T) {
	erl := beam.StartErl(t)
	erl.Eval(t, `register(echo, spawn(fun F() -> receive {From, Term} -> From ! {echoed, Term}, F(); _ -> F() end end))`)
	rows, tolerated := dist.Hostile()
	node := 0
	for name, row := range rows {
		if op := row[0].(etf.Int); op == 37 || op == 4 {
			continue // too young and too old for many releases
		}
		known := row[0].(etf.Int) < 33 || release(t, erl) >= 24 // ALIAS_SEND came with OTP 24
		if strings.HasSuffix(name, "without a token") {
			continue // OTP 25 does not look, and may crash
		}
		node++ // a connection that ends with an error is still being cleared away when the next one comes
		l := local(erl, fmt.Sprintf("go%d", node))
		l.Flags = dist.DefaultFlags &^ (dist.FlagDistHdrAtomCache | dist.FlagFragments)
		p, c, err := connect(t, l, erl)
		require.NoError(t, err)
		sleeper := erl.Eval(t, "term_to_binary(spawn(fun() -> process_flag(trap_exit, true), receive after infinity -> "+
			"ok end end))")
		decoded, err := etf.Parse(sleeper)
		require.NoError(t, err)
		target, err := etf.Decode(decoded.(etf.Binary))
		require.NoError(t, err)
		write := func(terms ...etf.Term) {
			frame := []byte{0, 0, 0, 0, 112}
			for _, term := range terms {
				frame, err = etf.Append(frame, term)
				require.NoError(t, err)
			}
			binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
			_, _ = c.Write(frame)
		}
		write(moved(row, l, target.(etf.Pid)), etf.List{etf.Int(1)})
		us := etf.Pid{Node: l.Node, ID: 1, Creation: l.Creation}
		write(etf.Tuple{etf.Int(6), us, etf.Atom(""), etf.Atom("echo")}, etf.Tuple{us, etf.Atom("still there")})
		n := dist.NewConn(c, p, dist.Options{})
		var h hears
		_ = n.Serve(&h)
		require.Equal(t, tolerated[name] && known, bool(h), "%s: is the connection still there?", name)
	}
}

// hears is true if the echo came before the end.
type hears bool

func (h *hears) Handle(m dist.Message, payload etf.Term) error {
	if s, ok := m.(*dist.Send); ok && s.To.ID == 1 {
		*h = true
		return io.EOF
	}
	return nil
}
func (h *hears) Drained() dist.Work { return nil }
