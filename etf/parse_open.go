package etf

// opened is a term that was begun in the text and has not ended.
type opened struct {
	kind    openKind
	inTail  bool // of a list: the tail comes next
	closing int  // of a list: where its brackets begin in parser.closing
	pos     Pos
	terms   []Term // the parts so far
	more    *openedMore
}

// openedMore is what few of them have.
type openedMore struct {
	nodes []Node // of the parts, if those are kept
	sign  token
	bits  bitWriter
	segment
	sized bool // the size of the segment comes next
}

type openKind uint8

const (
	openParens openKind = iota
	openSign
	openList
	openTuple
	openMap
	openBinary
)

func (p *parser) openTerm(kind openKind, pos Pos) *opened {
	o := opened{kind: kind, pos: pos, closing: len(p.closing)}
	if p.keepNodes || kind == openSign || kind == openBinary {
		o.more = new(openedMore)
	}
	p.open.push(o)
	return p.open.peek()
}

func (p *parser) addTerm(o *opened, e expr) {
	o.terms = append(o.terms, e.node.Term)
	if p.keepNodes {
		o.more.nodes = append(o.more.nodes, e.node)
	}
}

// closeTerm removes o, the term opened last, and returns it as an expression with the value t.
func (p *parser) closeTerm(o *opened, t Term) expr {
	e := newExpr(o.pos, t)
	if p.keepNodes {
		e.node.Elems = o.more.nodes
	}
	p.open.pop()
	return e
}

// beginSigned begins a number with a sign. The number may stand in parentheses, but have no second sign.
func (p *parser) beginSigned() (e expr, whole bool, err error) {
	sign := p.tok
	if err := p.next(); err != nil {
		return expr{}, false, err
	}
	if p.tok.kind != tokNumber && p.tok.kind != tokChar && !p.atPunct("(") {
		return expr{}, false, p.expectedError("a number behind " + sign.text)
	}
	p.openTerm(openSign, p.tok.pos).more.sign = sign
	return expr{}, false, nil
}

func (p *parser) endSigned(e expr) (expr, bool, error) {
	o := p.open.pop()
	sign := o.more.sign
	if e.kind != exprNumber {
		return e, false, p.scan.errorf(o.pos, "expected a number behind %s", sign.text)
	}
	if sign.text == "-" {
		e.node.Term = negate(e.node.Term)
	}
	e.kind, e.node.Pos = exprTerm, sign.pos
	return e, true, nil
}

func (p *parser) beginTuple() (e expr, whole bool, err error) {
	o := p.openTerm(openTuple, p.tok.pos)
	if err := p.next(); err != nil || !p.atPunct("}") {
		return expr{}, false, err
	}
	return p.endTuple(o)
}

func (p *parser) tuplePart(o *opened, e expr) (expr, bool, error) {
	p.addTerm(o, e)
	if more, err := p.acceptPunct(","); more || err != nil {
		return expr{}, false, err
	}
	return p.endTuple(o)
}

func (p *parser) endTuple(o *opened) (expr, bool, error) {
	return p.closeTerm(o, Tuple(o.terms)), true, p.closeBracket("}", ", or }")
}

// beginMap begins a map. Of pairs with equal keys the last counts, as in maps:from_list/1.
func (p *parser) beginMap() (e expr, whole bool, err error) {
	pos := p.tok.pos
	if err := p.next(); err != nil {
		return expr{}, false, err
	}
	switch {
	case p.tok.kind == tokAtom:
		return expr{}, false, p.scan.errorf(pos, "record #%s is not a term", p.tok.describe())
	case p.tok.kind == tokVar:
		return expr{}, false, p.scan.errorf(pos, "#%s cannot be read from text", p.tok.describe())
	case !p.atPunct("{"):
		return expr{}, false, p.expectedError("{ behind #")
	}
	o := p.openTerm(openMap, pos)
	if err := p.next(); err != nil || !p.atPunct("}") {
		return expr{}, false, err
	}
	return p.endMap(o)
}

func (p *parser) mapPart(o *opened, e expr) (expr, bool, error) {
	p.addTerm(o, e)
	if len(o.terms)%2 == 1 {
		if !p.atPunct("=>") {
			return expr{}, false, p.expectedError("=>")
		}
		return expr{}, false, p.next()
	}
	if more, err := p.acceptPunct(","); more || err != nil {
		return expr{}, false, err
	}
	return p.endMap(o)
}

func (p *parser) endMap(o *opened) (expr, bool, error) {
	m := make(Map, len(o.terms)/2)
	copy(pairTerms(m), o.terms)
	return p.closeTerm(o, p.dropDuplicateKeys(m)), true, p.closeBracket("}", ", or }")
}

// dropDuplicateKeys returns m with one pair a key, at the place of the first and with the value of the last.
func (p *parser) dropDuplicateKeys(m Map) Map {
	if _, _, found := p.keys.duplicate(m); !found {
		return m
	}
	all, kept := m, m[:0]
	seen := make(map[uint64][]int, len(m))
next:
	for _, pair := range all {
		h := p.keys.hash(pair.Key)
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
