package etf_test

import (
	"testing"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/termgen"
)

// FuzzDecode holds that no input makes the decoder panic, and that what it takes
// for a term can be encoded, decoded again and is the same then.
func FuzzDecode(f *testing.F) {
	for _, h := range hostile {
		f.Add(h.bytes)
	}
	for seed := range uint64(50) {
		b, err := etf.Append(nil, termgen.New(seed).Term())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	var d etf.Decoder
	alias := etf.Decoder{Alias: true, Atoms: []etf.Term{etf.Atom("a"), etf.Atom("b")}}
	f.Fuzz(func(t *testing.T, b []byte) {
		term, err := d.Decode(b)
		if term != nil {
			roundTrip(t, term)
		}
		if (term == nil) == (err == nil) {
			t.Fatalf("term %v, error %v", term, err)
		}
		if len(b) > 0 {
			if term, n, err := alias.Term(b[1:]); err == nil {
				if n < 1 || n > len(b)-1 {
					t.Fatalf("%d of %d bytes", n, len(b)-1)
				}
				roundTrip(t, term)
			}
		}
	})
}

// FuzzRoundTrip does the same for terms that a generator makes, and compares them with their neighbours.
func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint8(seed%6), seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, depth uint8, records bool) {
		g := termgen.New(seed)
		g.Depth = int(depth % 6)
		g.Records = records
		term := g.Term()
		roundTrip(t, term)
		near := g.Near(term)
		roundTrip(t, near)
		if etf.Compare(term, near) != -etf.Compare(near, term) || etf.Equal(term, near) != etf.Equal(near, term) {
			t.Fatal("comparing depends on the side")
		}
		if etf.Equal(term, near) && etf.Compare(term, near) != 0 {
			t.Fatal("equal, but not in the order")
		}
	})
}

func roundTrip(t *testing.T, term etf.Term) {
	t.Helper()
	b, err := etf.Append(nil, term)
	if err != nil {
		t.Fatalf("what was decoded cannot be encoded: %v", err)
	}
	again, err := etf.Decode(b)
	if err != nil {
		t.Fatalf("what was encoded cannot be decoded: %v", err)
	}
	if !etf.Equal(term, again) || etf.Compare(term, again) != 0 {
		t.Fatalf("another term came back")
	}
	throughTable(t, etf.List{term, again, term})
}

// throughTable is roundTrip with a table of atoms, and small binaries left where they are.
func throughTable(t *testing.T, term etf.Term) {
	t.Helper()
	names := &learning{most: 5}
	e := etf.Encoder{Atoms: names}
	b, err := e.Append(nil, term)
	if err != nil {
		t.Fatalf("what can be encoded alone cannot be with a table: %v", err)
	}
	d := etf.Decoder{Atoms: append(names.names, etf.Atom("none")), Alias: true}
	if again, n, err := d.Term(b); err != nil || n != len(b) || !etf.Equal(term, again) {
		t.Fatalf("another term came back, or the error %v", err)
	}
}
