package etf_test

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// What gen_server:reply sends, there and back.
func Example() {
	reply := etf.Tuple{etf.Atom("ok"), etf.Map{{Key: etf.Atom("count"), Value: etf.Int(42)}}}
	b, err := etf.Append(nil, reply)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(b)
	t, err := etf.Decode(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	if t, ok := t.(etf.Tuple); ok && t[0] == etf.Atom("ok") {
		count, _ := t[1].(etf.Map).Get(etf.Atom("count"))
		fmt.Println(count == etf.Int(42))
	}
	// Output:
	// [131 104 2 119 2 111 107 116 0 0 0 1 119 5 99 111 117 110 116 97 42]
	// true
}

func ExampleAppend_error() {
	_, err := etf.Append(nil, etf.Tuple{etf.Atom("mean"), etf.Float(math.NaN())})
	var e *etf.EncodeError
	fmt.Println(errors.As(err, &e), e.Path)
	fmt.Println(err)
	// Output:
	// true {2}
	// etf: cannot encode the term at {2}: NaN is not an Erlang float
}

func ExampleDecoder_Term() {
	var d etf.Decoder
	_, _, err := d.Term([]byte{104, 2, 97, 1, 109, 0, 0, 0, 9, 'a', 'b', 'c'})
	fmt.Println(err, errors.Is(err, etf.ErrTruncated))
	// Output:
	// etf: BINARY_EXT at offset 4: input ends inside the term true
}

func ExampleCompare() {
	terms := []etf.Term{etf.Binary("b"), etf.Tuple{etf.Int(1)}, etf.Atom("a"), etf.Float(1.5), etf.Int(2), etf.List{}}
	slices.SortFunc(terms, etf.Compare)
	for _, t := range terms {
		fmt.Printf("%T ", t)
	}
	// Output:
	// etf.Float etf.Int etf.Atom etf.Tuple etf.List etf.Binary
}
