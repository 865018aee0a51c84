package termgen_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/termgen"
)

func TestEqualSeedsGiveEqualTerms(t *testing.T) {
	for seed := range uint64(200) {
		require.True(t, etf.Equal(termgen.New(seed).Term(), termgen.New(seed).Term()), "seed %d", seed)
	}
}

func TestEveryGeneratedTermCanBeEncoded(t *testing.T) {
	g := termgen.New(1)
	g.Records = true
	for i := range 2000 {
		_, err := etf.Append(nil, g.Term())
		require.NoError(t, err, "term %d", i)
	}
}

func TestEveryTypeOfTermOccurs(t *testing.T) {
	g := termgen.New(2)
	g.Records = true
	seen := map[string]bool{}
	for range 3000 {
		seen[fmt.Sprintf("%T", g.Term())] = true
	}
	require.Len(t, seen, 16, "%v", seen)
}

func TestWithoutIdentifiersNoneOccur(t *testing.T) {
	g := termgen.New(3)
	g.Identifiers = false
	for range 1000 {
		switch term := g.Term().(type) {
		case etf.Pid, etf.Port, etf.Ref, *etf.Fun, etf.Export:
			t.Fatalf("%T", term)
		}
	}
}
