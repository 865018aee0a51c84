package appup

import (
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// nodeAt makes a node of a term that is not in the file, at the place of the node for which it stands.
func nodeAt(pos etf.Pos, t etf.Term) etf.Node { return etf.Node{Term: t, Pos: pos} }

// tupleAt makes a tuple of nodes.
func tupleAt(pos etf.Pos, elems ...etf.Node) etf.Node {
	t := make(etf.Tuple, len(elems))
	for i, e := range elems {
		t[i] = e.Term
	}
	return etf.Node{Term: t, Pos: pos, Elems: elems}
}

// listElems returns the elements of a proper list. Those of a string stand where it stands.
func listElems(n etf.Node) ([]etf.Node, bool) {
	list, ok := n.Term.(etf.List)
	return nodesOf(n, list), ok
}

// tupleElems returns the elements of a tuple of that size; any size if it is below 0.
func tupleElems(n etf.Node, size int) ([]etf.Node, bool) {
	tuple, ok := n.Term.(etf.Tuple)
	if !ok || size >= 0 && len(tuple) != size {
		return nil, false
	}
	return nodesOf(n, tuple), true
}

func nodesOf(n etf.Node, terms []etf.Term) []etf.Node {
	if len(n.Elems) == len(terms) {
		return n.Elems
	}
	nodes := make([]etf.Node, len(terms))
	for i, t := range terms {
		nodes[i] = nodeAt(n.Pos, t)
	}
	return nodes
}

// isList is is_list/1 of Erlang.
func isList(t etf.Term) bool {
	switch t.(type) {
	case etf.List, etf.ImproperList:
		return true
	}
	return false
}

// isPairs tells whether a term is a list of pairs whose first element is an atom: systools_make:t_list_p/1.
func isPairs(t etf.Term) bool {
	list, ok := t.(etf.List)
	for _, e := range list {
		pair, _ := e.(etf.Tuple)
		if len(pair) != 2 {
			return false
		}
		if _, isAtom := pair[0].(etf.Atom); !isAtom {
			return false
		}
	}
	return ok
}

type textKind uint8

const (
	textOK      textKind = iota
	textOther            // something like a text, of which unicode:characters_to_list/1 makes something else
	textCrashes          // what unicode:characters_to_list/1 takes for a mistake of its caller
)

// stringOf reads a string as systools_make:string_p/1 does.
func stringOf(t etf.Term) (string, textKind) {
	switch t := t.(type) {
	case etf.Binary:
		return "", textOther
	case etf.ImproperList:
		return "", textCrashes
	case etf.List:
		runes := make([]rune, len(t))
		for i, e := range t {
			switch c := e.(type) {
			case etf.Int:
				if c < 0 || c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
					return "", textOther
				}
				runes[i] = rune(c)
			case etf.List, etf.Binary:
				return "", textOther
			default:
				return "", textCrashes
			}
		}
		return string(runes), textOK
	}
	return "", textCrashes
}

// crashReason is the exit reason of a function that was called with something it does not take. OTP's has the stack in
// it.
func crashReason(word etf.Atom) etf.Term { return etf.Tuple{word, etf.List{}} }
