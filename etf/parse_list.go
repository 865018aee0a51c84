package etf

// A tail that is itself written as a list belongs to the same list: [a|[b|[c]]] has one level. parser.closing holds the
// brackets that are still open then, the innermost last.

func (p *parser) beginList() (e expr, whole bool, err error) {
	return p.takeBracket(p.openTerm(openList, p.tok.pos))
}

// takeBracket steps over the bracket that begins a list, or goes on with it behind a bar.
func (p *parser) takeBracket(o *opened) (e expr, whole bool, err error) {
	if err := p.next(); err != nil {
		return expr{}, false, err
	}
	p.closing = append(p.closing, ']')
	if !p.atPunct("]") {
		return expr{}, false, nil
	}
	return p.endList(o, nil)
}

func (p *parser) listPart(o *opened, e expr) (expr, bool, error) {
	if o.inTail {
		return p.endList(o, p.takeTail(o, e))
	}
	p.addTerm(o, e)
	if more, err := p.acceptPunct(","); more || err != nil {
		return expr{}, false, err
	}
	more, err := p.acceptPunct("|")
	if err != nil {
		return expr{}, false, err
	}
	if !more {
		return p.endList(o, nil)
	}
	for p.atPunct("(") {
		p.closing = append(p.closing, ')')
		if err := p.next(); err != nil {
			return expr{}, false, err
		}
	}
	if p.atPunct("[") {
		return p.takeBracket(o)
	}
	o.inTail = true
	return expr{}, false, nil
}

// takeTail takes a tail that is not a list in brackets. It returns nil if the tail was a string, whose characters are
// elements of the list then.
func (p *parser) takeTail(o *opened, e expr) Term {
	chars, proper := e.node.Term.(List)
	if !proper {
		if p.keepNodes {
			o.more.nodes = append(o.more.nodes, e.node)
		}
		return e.node.Term
	}
	o.terms = append(o.terms, chars...)
	for i := 0; p.keepNodes && i < len(chars); i++ {
		o.more.nodes = append(o.more.nodes, Node{Term: chars[i], Pos: e.node.Pos})
	}
	return nil
}

// endList steps over the brackets. tail is nil if the list is proper.
func (p *parser) endList(o *opened, tail Term) (expr, bool, error) {
	for last := len(p.closing) - 1; last >= o.closing; last-- {
		bracket := string(p.closing[last])
		what := bracket
		if tail == nil && last == len(p.closing)-1 {
			what = ", | or ]"
		}
		if err := p.closeBracket(bracket, what); err != nil {
			return expr{}, false, err
		}
	}
	p.closing = p.closing[:o.closing]
	if tail == nil {
		return p.closeTerm(o, List(o.terms)), true, nil
	}
	return p.closeTerm(o, ImproperList{Elems: o.terms, Tail: tail}), true, nil
}
