package etf_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// order is what an Erlang server takes as {order, Id, [{Item, Count}], #{...}}.
type order struct {
	_     struct{} `etf:"record=order"`
	ID    int
	Items map[string]int `etf:",atom,proplist"`
	Notes address
}

type address struct {
	City string
	Zip  *string `etf:",omitempty"`
}

func ExampleMarshal() {
	t, err := etf.Marshal(order{ID: 7, Items: map[string]int{"apple": 2, "pear": 1}, Notes: address{City: "Oslo"}})
	fmt.Println(t, err)
	// Output: {order,7,[{apple,2},{pear,1}],#{city => <<"Oslo">>}} <nil>
}

func ExampleUnmarshal() {
	reply, _ := etf.Parse(`{order, 8, [{plum, 3}], #{city => "Turin", zip => <<"10121">>}}`)
	var o order
	err := etf.Unmarshal(reply, &o)
	fmt.Println(o.ID, o.Items["plum"], o.Notes.City, *o.Notes.Zip, err)
	err = etf.Unmarshal(etf.Tuple{etf.Atom("order"), etf.Atom("x"), etf.List{}, etf.Map{}}, &o)
	fmt.Println(err)
	// Output:
	// 8 3 Turin 10121 <nil>
	// etf: unmarshal .ID x into int: want an integer
}
