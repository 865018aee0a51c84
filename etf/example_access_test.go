package etf_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// A request taken apart as a server does it.
func ExampleVerb() {
	for _, request := range []etf.Term{etf.Atom("get"), etf.Tagged("add", etf.Int(2)), etf.Binary("hello")} {
		switch verb, args := etf.Verb(request); {
		case verb == "get" && len(args) == 0:
			fmt.Println("get")
		case verb == "add" && len(args) == 1:
			n, ok := etf.AsInt(args[0])
			fmt.Println("add", n, ok)
		default:
			fmt.Println("unknown")
		}
	}
	// Output:
	// get
	// add 2 true
	// unknown
}

func ExampleAsTuple() {
	reply := etf.Tagged("ok", etf.Charlist("Zoë"))
	if ok, isOK := etf.AsTuple(reply, "ok", 2); isOK {
		fmt.Println(etf.AsText(ok[1]))
	}
	// Output: Zoë true
}

func ExampleMap_Index() {
	m := etf.Map{{Key: etf.Atom("name"), Value: etf.Binary("Zoë")}, {Key: etf.Atom("age"), Value: etf.Int(7)}}
	index := m.Index()
	age, ok := index.Get(etf.Atom("age"))
	fmt.Println(age, ok)
	// Output: 7 true
}
