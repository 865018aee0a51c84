package appup

import "github.com/gonode-otp/gonode/etf"

// expand returns the full form of an instruction: systools_rc:expand_script/1. A list within a script is part of it,
// but what is in it is not expanded.
func expand(n etf.Node) []etf.Node {
	switch t := n.Term.(type) {
	case etf.List:
		return nodesOf(n, t)
	case etf.Tuple:
		if len(t) < 2 {
			return []etf.Node{n}
		}
		if word, ok := t[0].(etf.Atom); ok {
			return []etf.Node{expandTuple(n, word, nodesOf(n, t))}
		}
	}
	return []etf.Node{n}
}

func expandTuple(n etf.Node, word etf.Atom, e []etf.Node) etf.Node {
	a := func(t etf.Term) etf.Node { return nodeAt(n.Pos, t) }
	brutal, none, soft := a(etf.Atom("brutal_purge")), a(etf.List{}), a(etf.Atom("soft"))
	switch {
	case word == "load_module" && len(e) == 2:
		return tupleAt(n.Pos, e[0], e[1], brutal, brutal, none)
	case word == "load_module" && len(e) == 3 && isList(e[2].Term):
		return tupleAt(n.Pos, e[0], e[1], brutal, brutal, e[2])
	case word == "add_application" && len(e) == 2:
		return tupleAt(n.Pos, e[0], e[1], a(etf.Atom("permanent")))
	case word != "update":
		return n
	case len(e) == 2:
		return tupleAt(n.Pos, e[0], e[1], soft, brutal, brutal, none)
	case len(e) == 3 && etf.IsAtom(e[2].Term, "supervisor"):
		return tupleAt(n.Pos, e[0], e[1], a(etf.Atom("static")), a(etf.Atom("default")), a(etf.Tagged("advanced",
			etf.List{})),
			brutal, brutal, none)
	case len(e) == 3 && isChange(e[2].Term):
		return tupleAt(n.Pos, e[0], e[1], e[2], brutal, brutal, none)
	case len(e) == 3 && isList(e[2].Term):
		return tupleAt(n.Pos, e[0], e[1], soft, brutal, brutal, e[2])
	case len(e) == 4 && isChange(e[2].Term) && isList(e[3].Term):
		return tupleAt(n.Pos, e[0], e[1], e[2], brutal, brutal, e[3])
	}
	return n
}

// isChange tells whether a term stands where a change is expected: any tuple does, and is looked at later.
func isChange(t etf.Term) bool {
	_, isTuple := t.(etf.Tuple)
	return isTuple || etf.IsAtom(t, "soft")
}

// normalize gives instructions that still have several forms the longest one: systools_rc:normalize_instrs/1. Their
// syntax has been checked.
func normalize(n etf.Node) etf.Node {
	t, _ := n.Term.(etf.Tuple)
	if len(t) == 0 {
		return n
	}
	e := nodesOf(n, t)
	dynamic, unlimited := nodeAt(n.Pos, etf.Atom("dynamic")), nodeAt(n.Pos, etf.Atom("default"))
	none := nodeAt(n.Pos, etf.List{})
	switch {
	case etf.IsAtom(t[0], "update") && len(t) == 6:
		return tupleAt(n.Pos, e[0], e[1], dynamic, unlimited, e[2], e[3], e[4], e[5])
	case etf.IsAtom(t[0], "update") && len(t) == 7:
		return tupleAt(n.Pos, e[0], e[1], dynamic, e[2], e[3], e[4], e[5], e[6])
	case (etf.IsAtom(t[0], "add_module") || etf.IsAtom(t[0], "delete_module")) && len(t) == 2:
		return tupleAt(n.Pos, e[0], e[1], none)
	}
	return n
}
