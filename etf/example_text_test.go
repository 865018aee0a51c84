package etf_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

func ExampleFormat() {
	term := etf.Tuple{
		etf.Atom("ok"),
		etf.Map{{Key: etf.Binary("name"), Value: etf.Charlist("Zoë")}},
		etf.List{etf.Int(1), etf.Float(2.5), etf.Atom("Big Atom")},
	}
	fmt.Println(etf.Format(term))
	fmt.Println(etf.Printer{Plain: true}.Format(term))
	fmt.Println(etf.FormatMax(term, 20))
	// Output:
	// {ok,#{<<"name">> => "Zoë"},[1,2.5,'Big Atom']}
	// {ok,#{<<110,97,109,101>> => [90,111,235]},[1,2.5,'Big Atom']}
	// {ok,#{<<"name">> ...
}

func ExampleParse() {
	term, err := etf.Parse(`{counter, #{start => -1, step => 16#FF}}`)
	fmt.Println(term, err)

	_, err = etf.Parse("{counter, [1, 2}")
	fmt.Println(err)
	// Output:
	// {counter,#{start => -1,step => 255}} <nil>
	// 1:16: expected , | or ] before }
}

func ExampleConsult() {
	terms, err := etf.Consult("sys.config", []byte(`
%% What the node starts with.
{name, 'counter@localhost'}.
{cookie, <<"secret">>}.
`))
	fmt.Println(terms, err)

	_, err = etf.Consult("sys.config", []byte("{name, counter}\n{cookie, Secret}.\n"))
	fmt.Println(err)
	// Output:
	// [{name,counter@localhost} {cookie,<<"secret">>}] <nil>
	// sys.config:2:1: expected . before {
}

// A check of a file that tells where the file is wrong.
func ExampleConsultNodes() {
	nodes, err := etf.ConsultNodes("counter.appup", []byte(`{"2.0",
 [{"1.0", [{load_module, counter},
           {reload_module, counter_server}]}],
 []}.`))
	if err != nil {
		fmt.Println(err)
		return
	}
	upFrom := nodes[0].Elems[1].Elems[0]
	for _, instruction := range upFrom.Elems[1].Elems {
		name := instruction.Elems[0]
		if name.Term != etf.Atom("load_module") {
			fmt.Printf("counter.appup:%d:%d: unknown instruction %s\n", name.Pos.Line, name.Pos.Column, name.Term)
		}
	}
	// Output: counter.appup:3:13: unknown instruction reload_module
}
