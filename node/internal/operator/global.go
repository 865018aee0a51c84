package operator

import "github.com/gonode-otp/gonode/etf"

// global returns functions of global. A Go node has no part in it, as a hidden node of OTP, so it knows no names.
// node.Node asks the nodes that have; see Locate.
func (o operator) global() []function {
	return []function{
		{"registered_names", 0, shows, value(etf.List{})},
		{"whereis_name", 1, shows, value(etf.Atom("undefined"))},
		{"sync", 0, shows, value(etf.Atom("ok"))},
	}
}
