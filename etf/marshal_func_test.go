package etf_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// sameAsMarshal holds MarshalFunc and UnmarshalFunc to what Marshal and Unmarshal do.
func sameAsMarshal[T any](t *testing.T, v T) {
	t.Helper()
	marshal, err := etf.MarshalFunc[T]()
	require.NoError(t, err)
	want, wantErr := etf.Marshal(v)
	have, err := marshal(v)
	require.Equal(t, wantErr, err)
	require.Equal(t, want, have)
	unmarshal, err := etf.UnmarshalFunc[T]()
	require.NoError(t, err)
	for _, source := range []string{"1", "-9223372036854775809", "1.5", "true", "abc", "undefined", "<<255>>", `"é"`,
		"[]", "{1,2}", "{point,1,2}", "#{}", "[-1]"} {
		term, err := etf.Parse(source)
		require.NoError(t, err)
		var want T
		wantErr := etf.Unmarshal(term, &want)
		have, err := unmarshal(term)
		require.Equal(t, wantErr, err, source)
		if wantErr == nil {
			require.Equal(t, want, have, source)
		} else {
			require.Zero(t, have, source)
		}
	}
}

func TestTheFunctionsForATypeDoWhatMarshalAndUnmarshalDo(t *testing.T) {
	sameAsMarshal(t, 7)
	sameAsMarshal(t, int64(-7))
	sameAsMarshal(t, uint8(7))
	sameAsMarshal(t, true)
	sameAsMarshal(t, "é")
	sameAsMarshal(t, 1.5)
	sameAsMarshal(t, etf.Atom("a"))
	sameAsMarshal(t, etf.Binary("a"))
	sameAsMarshal(t, etf.Tuple{etf.Atom("a")})
	sameAsMarshal[etf.Term](t, etf.Int(1))
	sameAsMarshal[etf.Term](t, nil)
	sameAsMarshal[any](t, nil)
	sameAsMarshal[*etf.BigInt](t, nil)
	sameAsMarshal(t, etf.NewBigInt(new(big.Int).Lsh(big.NewInt(1), 70)))
	sameAsMarshal(t, point{X: 1, Y: 2})
	sameAsMarshal(t, []int16{1})
	sameAsMarshal(t, new(int))
}

type tree struct{ Kids []*tree }

type lame struct {
	Pipe map[string][]chan int `etf:"pipe"`
}

type mistagged struct {
	N int `etf:"n,atom"`
}

func TestATypeWithoutTermsIsFoundBeforeThereIsAValue(t *testing.T) {
	_, err := etf.MarshalFunc[lame]()
	require.EqualError(t, err, "etf: marshal .Pipe[][] (chan int): there is no term for such a value")
	_, err = etf.UnmarshalFunc[lame]()
	require.EqualError(t, err, "etf: unmarshal .Pipe[][] into chan int: no term goes into such a value")
	_, err = etf.UnmarshalFunc[map[any]error]()
	require.EqualError(t, err, "etf: unmarshal [] into error: no term implements this interface")
	_, err = etf.MarshalFunc[error]()
	require.NoError(t, err, "what is in an interface is not known")
	_, err = etf.MarshalFunc[[]mistagged]()
	require.ErrorContains(t, err, "etf: marshal [] (etf_test.mistagged): field N: the option atom means nothing for int")
	_, err = etf.UnmarshalFunc[tree]()
	require.NoError(t, err, "a type may hold itself")
}

func TestTheFormOfAStructIsKnown(t *testing.T) {
	form, ok := etf.StructFormOf[point]()
	require.True(t, ok)
	require.Equal(t, etf.StructForm{Kind: etf.FormRecord, Name: "point", Fields: 2}, form)
	_, ok = etf.StructFormOf[big.Int]()
	require.False(t, ok)
	_, ok = etf.StructFormOf[*point]()
	require.False(t, ok)
}
