package etf

import "math/big"

type exprKind uint8

const (
	exprTerm   exprKind = iota
	exprNumber          // an unsigned number, to which a sign may be applied
	exprString          // a string, whose text is kept for segments of binaries
)

// expr is a term as it was written.
type expr struct {
	kind exprKind
	text string
	node Node
}

func leaf(pos Pos, t Term) expr { return expr{node: Node{Term: t, Pos: pos}} }

// term reads a term. It is what erl_parse:normalise/1 makes a term of.
func (p *parser) term() (expr, error) {
	if p.is("+") || p.is("-") {
		return p.signed()
	}
	return p.unsigned()
}

// unsigned reads a term that does not begin with a sign: expr_max of erl_parse, and maps.
func (p *parser) unsigned() (expr, error) {
	t := p.tok
	switch {
	case t.kind == tokAtom:
		return leaf(t.pos, Atom(t.text)), p.next()
	case t.kind == tokNumber || t.kind == tokChar:
		e := leaf(t.pos, t.num)
		e.kind = exprNumber
		return e, p.next()
	case t.kind == tokString:
		return p.str()
	case t.kind == tokSigil:
		return leaf(t.pos, Binary(t.text)), p.next()
	case p.is("["):
		return p.nested((*parser).list)
	case p.is("{"):
		return p.nested((*parser).tuple)
	case p.is("<<"):
		return p.nested((*parser).binary)
	case p.is("#"):
		return p.nested((*parser).mapping)
	case p.is("("):
		return p.nested((*parser).parens)
	case t.kind == tokWord && t.text == "fun":
		return p.export()
	}
	return expr{}, p.noTerm()
}

// nested reads what has parts, of which it bounds the depth.
func (p *parser) nested(read func(*parser) (expr, error)) (expr, error) {
	if p.depth == DefaultDepth {
		return expr{}, p.fail("terms nested deeper than %d", DefaultDepth)
	}
	p.depth++
	e, err := read(p)
	p.depth--
	return e, err
}

// noTerm returns the error that no term begins with the token.
func (p *parser) noTerm() error {
	switch {
	case p.tok.kind == tokVar:
		return p.fail("variable %s is not a term", shorten(p.tok.text))
	case p.tok.kind == tokWord:
		return p.fail("%s is a reserved word: the atom is '%s'", p.tok.text, p.tok.text)
	case p.is("<"):
		return p.fail("expected a term before <: pids cannot be read from text")
	}
	return p.expected("a term")
}

// parens reads a term in parentheses, which mean nothing.
func (p *parser) parens() (expr, error) {
	if err := p.next(); err != nil {
		return expr{}, err
	}
	e, err := p.term()
	if err != nil {
		return e, err
	}
	return e, p.close(")", ")")
}

// close steps over the closing bracket, in front of which what else could stand.
func (p *parser) close(bracket, what string) error {
	if !p.is(bracket) {
		return p.expected(what)
	}
	return p.next()
}

// signed reads a number with a sign. The number may stand in parentheses, but have no second sign.
func (p *parser) signed() (expr, error) {
	sign := p.tok
	if err := p.next(); err != nil {
		return expr{}, err
	}
	what := "a number behind " + sign.text
	if p.tok.kind != tokNumber && p.tok.kind != tokChar && !p.is("(") {
		return expr{}, p.expected(what)
	}
	at := p.tok.pos
	e, err := p.unsigned()
	if err != nil {
		return e, err
	}
	if e.kind != exprNumber {
		return e, p.scan.errorf(at, "expected %s", what)
	}
	if sign.text == "-" {
		e.node.Term = negate(e.node.Term)
	}
	e.kind, e.node.Pos = exprTerm, sign.pos
	return e, nil
}

func negate(t Term) Term {
	switch t := t.(type) {
	case Int:
		return -t // literals are never negative, so that this cannot overflow
	case *BigInt:
		return NewBigInt(new(big.Int).Neg(t.Big()))
	case Float:
		return -t
	}
	return t
}

// str reads a string and those that follow it, which are one.
func (p *parser) str() (expr, error) {
	pos, text := p.tok.pos, []byte(p.tok.text)
	for {
		if err := p.next(); err != nil {
			return expr{}, err
		}
		if p.tok.kind != tokString {
			break
		}
		text = append(text, p.tok.text...)
	}
	e := leaf(pos, nil)
	e.kind, e.text = exprString, string(text)
	e.node.Term = Charlist(e.text)
	return e, nil
}

func (p *parser) tuple() (expr, error) {
	pos := p.tok.pos
	if err := p.next(); err != nil {
		return expr{}, err
	}
	var parts parts
	if !p.is("}") {
		if err := p.exprs(&parts); err != nil {
			return expr{}, err
		}
	}
	return parts.expr(pos, Tuple(parts.terms)), p.close("}", ", or }")
}

// parts collects the elements of a list, tuple or map.
type parts struct {
	terms []Term
	nodes []Node
}

func (ps *parts) expr(pos Pos, t Term) expr {
	e := leaf(pos, t)
	e.node.Elems = ps.nodes
	return e
}

func (p *parser) add(ps *parts) error {
	e, err := p.term()
	if err != nil {
		return err
	}
	ps.terms = append(ps.terms, e.node.Term)
	if p.keep {
		ps.nodes = append(ps.nodes, e.node)
	}
	return nil
}

// exprs reads terms separated by commas.
func (p *parser) exprs(ps *parts) error {
	for {
		if err := p.add(ps); err != nil {
			return err
		}
		if more, err := p.accept(","); !more || err != nil {
			return err
		}
	}
}

// list reads a list. A tail that is itself written as a list belongs to the same list, so that [a|[b|[c]]] is read
// without recursion; closing holds the brackets that are still open then, the innermost last.
func (p *parser) list() (expr, error) {
	pos, closing := p.tok.pos, []byte(nil)
	var ps parts
	var tail Term
	for {
		if err := p.next(); err != nil { // over [
			return expr{}, err
		}
		closing = append(closing, ']')
		if p.is("]") {
			break
		}
		if err := p.exprs(&ps); err != nil {
			return expr{}, err
		}
		more, err := p.accept("|")
		if err != nil {
			return expr{}, err
		}
		for more && p.is("(") {
			closing = append(closing, ')')
			if err := p.next(); err != nil {
				return expr{}, err
			}
		}
		if more && p.is("[") {
			continue
		}
		if !more {
			break
		}
		if tail, err = p.tail(&ps); err != nil {
			return expr{}, err
		}
		break
	}
	what := ", | or ]"
	for i := len(closing) - 1; i >= 0; i-- {
		if tail != nil || i < len(closing)-1 {
			what = string(closing[i])
		}
		if err := p.close(string(closing[i]), what); err != nil {
			return expr{}, err
		}
	}
	if tail == nil {
		return ps.expr(pos, List(ps.terms)), nil
	}
	return ps.expr(pos, ImproperList{Elems: ps.terms, Tail: tail}), nil
}

// tail reads the tail of a list that is not a list in brackets. It returns nil if the tail was a string, whose
// characters are elements of the list then.
func (p *parser) tail(ps *parts) (Term, error) {
	e, err := p.term()
	if err != nil {
		return nil, err
	}
	chars, proper := e.node.Term.(List)
	if !proper {
		if p.keep {
			ps.nodes = append(ps.nodes, e.node)
		}
		return e.node.Term, nil
	}
	ps.terms = append(ps.terms, chars...)
	for i := 0; p.keep && i < len(chars); i++ {
		ps.nodes = append(ps.nodes, Node{Term: chars[i], Pos: e.node.Pos})
	}
	return nil, nil
}

// mapping reads a map. Of pairs with equal keys the last counts, as in maps:from_list/1.
func (p *parser) mapping() (expr, error) {
	pos := p.tok.pos
	if err := p.next(); err != nil {
		return expr{}, err
	}
	switch {
	case p.tok.kind == tokAtom:
		return expr{}, p.scan.errorf(pos, "record #%s is not a term", p.tok.describe())
	case p.tok.kind == tokVar:
		return expr{}, p.scan.errorf(pos, "#%s cannot be read from text", p.tok.describe())
	case !p.is("{"):
		return expr{}, p.expected("{ behind #")
	}
	if err := p.next(); err != nil {
		return expr{}, err
	}
	var ps parts
	for more := !p.is("}"); more; {
		if err := p.pair(&ps); err != nil {
			return expr{}, err
		}
		var err error
		if more, err = p.accept(","); err != nil {
			return expr{}, err
		}
	}
	m := make(Map, 0, len(ps.terms)/2)
	for i := 0; i < len(ps.terms); i += 2 {
		m = append(m, MapPair{ps.terms[i], ps.terms[i+1]})
	}
	return ps.expr(pos, p.distinct(m)), p.close("}", ", or }")
}

func (p *parser) pair(ps *parts) error {
	if p.keyDepth == maxKeyNesting {
		return p.fail("maps as keys of maps nested deeper than %d", maxKeyNesting)
	}
	p.keyDepth++
	err := p.add(ps)
	p.keyDepth--
	if err != nil {
		return err
	}
	if !p.is("=>") {
		return p.expected("=>")
	}
	if err := p.next(); err != nil {
		return err
	}
	return p.add(ps)
}

// distinct returns m with one pair a key, at the place of the first and with the value of the last.
func (p *parser) distinct(m Map) Map {
	if _, _, found := p.keys.duplicate(m); !found {
		return m
	}
	all, kept := m, m[:0]
	seen := make(map[uint64][]int, len(m))
next:
	for _, pair := range all {
		h := hash(pair.Key)
		for _, i := range seen[h] {
			if Equal(kept[i].Key, pair.Key) {
				kept[i].Value = pair.Value
				continue next
			}
		}
		seen[h] = append(seen[h], len(kept))
		kept = append(kept, pair)
	}
	return kept
}

// export reads fun Module:Function/Arity, the only fun that is a term.
func (p *parser) export() (expr, error) {
	pos := p.tok.pos
	var names [2]Atom
	for i, separator := range []string{":", "/"} {
		if err := p.next(); err != nil {
			return expr{}, err
		}
		names[i] = Atom(p.tok.text)
		if p.tok.kind != tokAtom {
			return expr{}, p.badFun()
		}
		if err := p.next(); err != nil {
			return expr{}, err
		}
		if !p.is(separator) {
			return expr{}, p.badFun()
		}
	}
	if err := p.next(); err != nil {
		return expr{}, err
	}
	if p.tok.kind != tokNumber {
		return expr{}, p.badFun()
	}
	n, ok := p.tok.num.(Int)
	if !ok || n > 255 {
		return expr{}, p.fail("arity %s is not an integer of 0 to 255", p.tok.describe())
	}
	return leaf(pos, Export{Module: names[0], Function: names[1], Arity: uint8(n)}), p.next()
}

func (p *parser) badFun() error {
	return p.fail("unexpected %s in a fun: the only fun that is a term is fun Module:Function/Arity", p.tok.describe())
}
