package etf_test

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

type point struct {
	_    struct{} `etf:"record=point"`
	X, Y int
}

type pair struct {
	_    struct{} `etf:"tuple"`
	Key  string   `etf:",atom"`
	Tags []string
}

type options struct {
	_       struct{} `etf:"proplist"`
	Port    int
	Verbose bool
	Host    string `etf:"hostname,charlist,omitempty"`
}

type user struct {
	_    struct{} `etf:"struct=Elixir.My.User"`
	Name string
	Mail *string `etf:",nil"`
}

type headers struct {
	_           struct{} `etf:"binarykeys"`
	ContentType string
	Length      int `etf:"n"`
}

type base struct {
	ID   int
	Name string
}

type Deep struct{ Name, Inner string }

type record struct {
	base
	*Deep
	Timeout time.Duration
	Since   time.Time `etf:",seconds"`
	Any     any
	Term    etf.Term
	hidden  int
	Skipped int `etf:"-"`
}

func text(t *testing.T, v any) string {
	t.Helper()
	term, err := etf.Marshal(v)
	require.NoError(t, err)
	_, err = etf.Append(nil, term)
	require.NoError(t, err)
	return etf.Format(term)
}

func TestGoValuesBecomeTheTermsOfTheTable(t *testing.T) {
	mail := "joe@h"
	for _, c := range []struct {
		v    any
		want string
	}{
		{true, "true"}, {nil, "undefined"}, {(*int)(nil), "undefined"},
		{int8(-1), "-1"}, {uint64(math.MaxUint64), "18446744073709551615"}, {big.NewInt(7), "7"}, {*big.NewInt(8), "8"},
		{1.5, "1.5"}, {"é", `<<"é"/utf8>>`}, {[]byte("x"), `<<"x">>`}, {[2]byte{1, 2}, "<<1,2>>"},
		{[]string{"a"}, `[<<"a">>]`}, {[]int(nil), "[]"}, {[2]bool{true, false}, "[true,false]"},
		{map[string]int{"b": 2, "a": 1}, `#{<<"a">> => 1,<<"b">> => 2}`}, {map[etf.Atom]int(nil), "#{}"},
		{1500 * time.Microsecond, "1"}, {time.Duration(math.MaxInt64), "infinity"},
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), `<<"2026-01-02T03:04:05Z">>`},
		{netip.MustParseAddr("127.0.0.1"), `<<"127.0.0.1">>`},
		{etf.Tuple{etf.Atom("ok")}, "{ok}"},
		{point{X: 1, Y: 2}, "{point,1,2}"}, {&point{X: 1}, "{point,1,0}"},
		{pair{Key: "k", Tags: []string{"t"}}, `{k,[<<"t">>]}`},
		{options{Port: 80, Verbose: true}, "[{port,80},{verbose,true}]"},
		{options{Host: "h€"}, `[{port,0},{verbose,false},{hostname,"h€"}]`},
		{user{Name: "Joe"}, `#{'__struct__' => 'Elixir.My.User',name => <<"Joe">>,mail => nil}`},
		{user{Mail: &mail}, `#{'__struct__' => 'Elixir.My.User',name => <<>>,mail => <<"joe@h">>}`},
		{headers{ContentType: "t", Length: 3}, `#{<<"content_type">> => <<"t">>,<<"n">> => 3}`},
		{struct {
			HTTPServer, UserID, A1 int
		}{1, 2, 3}, "#{http_server => 1,user_id => 2,a1 => 3}"},
		{struct {
			P [2]int            `etf:",tuple"`
			M map[string]string `etf:",proplist,atom"`
		}{[2]int{1, 2}, map[string]string{"b": "c", "a": "d"}}, "#{p => {1,2},m => [{a,d},{b,c}]}"},
	} {
		require.Equal(t, c.want, text(t, c.v), "%#v", c.v)
	}
}

func TestEmbeddedStructsCountAsTheirFieldsByTheRulesOfJSON(t *testing.T) {
	r := record{base: base{ID: 1, Name: "outer"}, Deep: &Deep{Inner: "in"}, Any: 1, Term: etf.Atom("t"), hidden: 1,
		Skipped: 2}
	r.Since = time.Unix(5, 0)
	require.Equal(t, `#{id => 1,inner => <<"in">>,timeout => 0,since => 5,any => 1,term => t}`, text(t, r),
		"two names of one depth are none")
	r.Deep = nil
	require.NotContains(t, text(t, r), "inner")
}

// octet is a byte that is more than that.
type octet uint8

func (o *octet) MarshalETF() (etf.Term, error) { return etf.Tuple{etf.Atom("octet"), etf.Int(*o)}, nil }
func (o *octet) UnmarshalETF(t etf.Term) error { return etf.Unmarshal(t.(etf.Tuple)[1], (*uint8)(o)) }

type plainByte uint8

type named struct {
	etf.Pid
	Name string
}

type inner struct{ X int }

type outer struct {
	*inner
	Y int
}

func TestATypeIsATermOnlyIfItIsOneOfThem(t *testing.T) {
	pid := etf.Pid{Node: "a@b", ID: 1}
	require.Equal(t, "<0.1.0>", text(t, &pid))
	require.Equal(t, "#{p => <0.1.0>}", text(t, struct{ P *etf.Pid }{&pid}))
	require.Equal(t, `#{pid => <0.1.0>,name => <<"x">>}`, text(t, named{Pid: pid, Name: "x"}),
		"what is embedded is a field")
	require.Equal(t, "18446744073709551616", text(t, etf.NewBigInt(new(big.Int).Lsh(big.NewInt(1), 64))))
	var back struct{ P *etf.Pid }
	require.NoError(t, etf.Unmarshal(etf.Map{{Key: etf.Atom("p"), Value: pid}}, &back))
	require.Equal(t, pid, *back.P)
	var two named
	require.NoError(t, etf.Unmarshal(etf.Map{{Key: etf.Atom("pid"), Value: pid},
		{Key: etf.Atom("name"), Value: etf.Binary("x")}}, &two))
	require.Equal(t, named{Pid: pid, Name: "x"}, two)
}

func TestBytesOfAnyNameAreABinaryUnlessTheySpeakForThemselves(t *testing.T) {
	require.Equal(t, "<<1,2>>", text(t, []plainByte{1, 2}))
	require.Equal(t, "<<1,2>>", text(t, [2]plainByte{1, 2}))
	require.Equal(t, "[{octet,1}]", text(t, []octet{1}))
	require.Equal(t, "#{c => {1,2}}", text(t, struct {
		C [2]byte `etf:",tuple"`
	}{[2]byte{1, 2}}))
	reads(t, "<<1,2>>", []plainByte{1, 2})
	reads(t, "<<1,2>>", [2]plainByte{1, 2})
	reads(t, "[{octet,1}]", []octet{1})
}

func TestTheFieldsOfAnEmbeddedPointerToAnUnexportedStructAreWrittenButCannotBeSet(t *testing.T) {
	require.Equal(t, "#{x => 1,y => 2}", text(t, outer{&inner{1}, 2}))
	require.Equal(t, "#{y => 2}", text(t, outer{nil, 2}))
	refuses[outer](t, "#{x => 1,y => 2}", ".X", "cannot be set")
	reads(t, "#{y => 2}", outer{Y: 2})
}

func TestADurationIsCountedInTheUnitOfItsField(t *testing.T) {
	type limits struct {
		A time.Duration `etf:",seconds"`
		B time.Duration `etf:",nanos"`
		C time.Duration `etf:",micros"`
	}
	v := limits{90 * time.Second, 7, math.MaxInt64}
	require.Equal(t, "#{a => 90,b => 7,c => infinity}", text(t, v))
	reads(t, "#{a => 90,b => 7,c => infinity}", v)
	refuses[limits](t, "#{a => 9223372037}", ".A", "out of range")
}

func TestAnOptionThatMeansNothingForItsFieldIsAnError(t *testing.T) {
	for _, c := range []struct {
		v    any
		text string
	}{
		{struct {
			A int `etf:",atom"`
		}{}, "field A: the option atom means nothing for int"},
		{struct {
			A string `etf:",seconds"`
		}{}, "the option seconds"},
		{struct {
			A inner `etf:",tuple"`
		}{}, "the option tuple"},
		{struct {
			A []int `etf:",proplist"`
		}{}, "the option proplist"},
		{struct {
			A string `etf:",nil"`
		}{}, "the option nil"},
	} {
		_, err := etf.Marshal(c.v)
		require.ErrorContains(t, err, c.text)
	}
	_, err := etf.Marshal(struct {
		A []*string      `etf:",atom,nil"`
		B map[string]any `etf:",seconds,proplist"`
		C any            `etf:",tuple,charlist"`
		D *[]netip.Addr  `etf:",tuple,atom,omitempty"`
	}{})
	require.NoError(t, err)
}

func TestAValueThatHasNoTermIsAnErrorWithItsPath(t *testing.T) {
	type loop struct{ Next *loop }
	endless := &loop{}
	endless.Next = endless
	for _, c := range []struct {
		v          any
		path, text string
	}{
		{func() {}, "", "no term"},
		{map[string]any{"a": []any{1, make(chan int)}}, `["a"][1]`, "no term"},
		{struct{ F []float64 }{[]float64{1, math.NaN()}}, ".F[1]", "NaN"},
		{math.Inf(1), "", "Inf"},
		{struct {
			A int `etf:"a,wrong"`
		}{}, "", `unknown option "wrong"`},
		{struct {
			_ struct{} `etf:"record"`
		}{}, "", `unknown option "record"`},
		{map[any]int{"a": 1, etf.Binary("a").String(): 2, 1: 3, int8(1): 4}, "", "two keys become 1"},
		{failing{}, "", "no luck"},
		{struct {
			A string `etf:",atom"`
		}{strings.Repeat("x", 256)}, ".A", "255 characters"},
		{struct {
			A []string `etf:",charlist"`
		}{[]string{"\xff"}}, ".A[0]", "not valid UTF-8"},
	} {
		_, err := etf.Marshal(c.v)
		var bad *etf.MarshalError
		require.ErrorAs(t, err, &bad, "%#v", c.v)
		require.Equal(t, c.path, bad.Path)
		require.ErrorContains(t, err, c.text)
	}
	_, err := etf.Marshal(endless)
	require.ErrorContains(t, err, "contain itself")
	require.Less(t, len(err.Error()), 400, "the path is cut")
}

var errNoLuck = errors.New("no luck")

type failing struct{}

func (failing) MarshalETF() (etf.Term, error) { return nil, errNoLuck }
func (*failing) UnmarshalETF(etf.Term) error  { return errNoLuck }

func into[T any](t *testing.T, source string) (v T, err error) {
	t.Helper()
	term, err := etf.Parse(source)
	require.NoError(t, err)
	return v, etf.Unmarshal(term, &v)
}

func reads[T any](t *testing.T, source string, want T) {
	t.Helper()
	got, err := into[T](t, source)
	require.NoError(t, err, source)
	require.Equal(t, want, got, source)
}

func TestTermsGoIntoTheGoValuesOfTheTable(t *testing.T) {
	mail := "m"
	reads(t, "true", true)
	reads(t, "-5", int8(-5))
	reads(t, "18446744073709551615", uint64(math.MaxUint64))
	reads(t, "18446744073709551616", *new(big.Int).Lsh(big.NewInt(1), 64))
	reads(t, "3", 3.0)
	reads(t, `<<"b">>`, "b")
	reads(t, `"l€"`, "l€")
	reads(t, "[]", "")
	reads(t, "atom", "atom")
	reads(t, "[1,2]", []byte{1, 2})
	reads(t, "<<1,2>>", [2]byte{1, 2})
	reads(t, "[[1],[]]", [][]int{{1}, {}})
	reads(t, "#{a => 1}", map[string]int{"a": 1})
	reads(t, "undefined", (*int)(nil))
	reads(t, "250", 250*time.Millisecond)
	reads(t, "infinity", time.Duration(math.MaxInt64))
	reads(t, `<<"2026-01-02T03:04:05Z">>`, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	reads(t, `"::1"`, netip.MustParseAddr("::1"))
	reads(t, "{a,b}", etf.Tuple{etf.Atom("a"), etf.Atom("b")})
	reads[etf.Term](t, "[1|x]", etf.ImproperList{Elems: []etf.Term{etf.Int(1)}, Tail: etf.Atom("x")})
	reads(t, "{point,1,2}", point{X: 1, Y: 2})
	reads(t, `{k,["t"]}`, pair{Key: "k", Tags: []string{"t"}})
	reads(t, "[verbose,{port,80},{port,81},{unknown,x}]", options{Port: 80, Verbose: true})
	reads(t, `#{'__struct__' => 'Elixir.My.User',name => <<"Joe">>,mail => nil}`, user{Name: "Joe"})
	reads(t, `#{'__struct__' => 'Elixir.My.User',<<"mail">> => <<"m">>}`, user{Mail: &mail})
	reads(t, `#{<<"n">> => 1, n => 2}`, headers{Length: 1})
	reads[any](t, `#{a => [1,1.5,<<"b">>,true,nil,{t},18446744073709551616]}`,
		map[string]any{"a": []any{int64(1), 1.5, "b", true, nil,
			etf.Tuple{etf.Atom("t")}, new(big.Int).Lsh(big.NewInt(1), 64)}})
	reads[any](t, `#{1 => 2}`, etf.Map{{Key: etf.Int(1), Value: etf.Int(2)}})
	reads(t, `#{id => 3, inner => "x", timeout => 7, since => 9}`, record{base: base{ID: 3}, Deep: &Deep{Inner: "x"},
		Timeout: 7 * time.Millisecond, Since: time.Unix(9, 0).UTC()})
}

func refuses[T any](t *testing.T, source, path, reason string) {
	t.Helper()
	_, err := into[T](t, source)
	var bad *etf.UnmarshalError
	require.ErrorAs(t, err, &bad, source)
	require.Equal(t, path, bad.Path, source)
	require.ErrorContains(t, err, reason)
}

func TestATermThatDoesNotFitIsAnErrorWithThePathInGo(t *testing.T) {
	refuses[bool](t, "yes", "", "want true or false")
	refuses[int8](t, "128", "", "out of range")
	refuses[uint](t, "-1", "", "out of range")
	refuses[float32](t, "1.0e300", "", "out of range")
	refuses[string](t, "[55296]", "", "code points")
	refuses[[2]int](t, "[1,2,3]", "", "3 elements for 2 places")
	refuses[map[string][]int](t, "#{a => [1,x]}", `[a][1]`, "want an integer")
	refuses[point](t, "{point,1}", "", "1 elements for 2 fields")
	refuses[point](t, "{line,1,2}", "", "want the record point")
	refuses[point](t, "{point,1,x}", ".Y", "want an integer")
	refuses[user](t, "#{name => x}", "", "'Elixir.My.User'")
	refuses[options](t, "[{a}]", "", "want a proplist")
	refuses[etf.Pid](t, "x", "", "another kind")
	refuses[failing](t, "x", "", "no luck")
	refuses[map[float64]int](t, "#{1 => a}", "[1]", "want an integer")
	refuses[map[float64]int](t, "#{1 => 1,1.0 => 2}", "", "two keys become that of 1")
	refuses[map[any]int](t, "#{[] => 1}", "[[]]", "cannot be a key")
	refuses[func()](t, "x", "", "no term goes")
	refuses[error](t, "x", "", "no term implements")
	for _, dst := range []any{nil, 1, (*int)(nil)} {
		require.ErrorContains(t, etf.Unmarshal(etf.Int(1), dst), "must be a pointer")
	}
	require.Error(t, etf.Unmarshal(nil, new(int)))
}

type everything struct {
	B    bool
	I    int64
	U    uint64
	F    float32
	S    string
	Atom string `etf:",atom"`
	Raw  []byte
	List [][]int16
	Map  map[string]uint8
	Ptr  *string
	Pair [2]string `etf:",tuple"`
	In   struct{ A, B int }
}

func TestWhatWasMarshalledComesBackEqual(t *testing.T) {
	same := func(v everything) bool {
		if v.Raw == nil {
			v.Raw = []byte{}
		}
		if v.List == nil {
			v.List = [][]int16{}
		}
		for i := range v.List {
			if v.List[i] == nil {
				v.List[i] = []int16{}
			}
		}
		if v.Map == nil {
			v.Map = map[string]uint8{}
		}
		if len(v.Atom) > 60 {
			v.Atom = ""
		}
		term, err := etf.Marshal(v)
		require.NoError(t, err)
		bytes, err := etf.Append(nil, term)
		require.NoError(t, err)
		term, err = etf.Decode(bytes)
		require.NoError(t, err)
		var back everything
		require.NoError(t, etf.Unmarshal(term, &back))
		return assertEqual(t, v, back)
	}
	require.NoError(t, quick.Check(same, nil))
}

func assertEqual(t *testing.T, want, got any) bool {
	t.Helper()
	require.Equal(t, want, got)
	return true
}

func FuzzUnmarshal(f *testing.F) {
	for _, source := range []string{"{point,1,2}", "#{a => [1,<<\"x\">>]}", "[{port,80},verbose]", "'infinity'",
		"[alias|tail]"} {
		term, err := etf.Parse(source)
		require.NoError(f, err)
		bytes, err := etf.Append(nil, term)
		require.NoError(f, err)
		f.Add(bytes)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		term, err := etf.Decode(data)
		if err != nil {
			return
		}
		for _, dst := range []any{new(any), new(everything), new(record), new(options), new(user), new(point),
			new(map[any]any), new([]any), new(string), new(big.Int), new(time.Time), new(color), new(moment), new(id16),
			new(time.Duration), new(etf.Term), new(**int)} {
			_ = etf.Unmarshal(term, dst)
		}
	})
}

func BenchmarkMarshal(b *testing.B) {
	v := everything{S: "text", Atom: "atom", List: [][]int16{{1, 2, 3}}, Map: map[string]uint8{"a": 1}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := etf.Marshal(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	term, err := etf.Marshal(everything{S: "text", Atom: "atom", List: [][]int16{{1, 2, 3}},
		Map: map[string]uint8{"a": 1}})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		var v everything
		if err := etf.Unmarshal(term, &v); err != nil {
			b.Fatal(err)
		}
	}
}
