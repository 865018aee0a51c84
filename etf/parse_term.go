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

func newExpr(pos Pos, t Term) expr { return expr{node: Node{Term: t, Pos: pos}} }

// term reads a term. It is what erl_parse:normalise/1 makes a term of. What was begun and not ended is on a stack on
// the heap, for a text of some MB can open as many brackets.
func (p *parser) term() (expr, error) {
	e, whole, err := p.begin()
	for err == nil {
		switch {
		case !whole:
			e, whole, err = p.begin()
		case p.open.n == 0:
			return e, nil
		default:
			e, whole, err = p.addPart(p.open.peek(), e)
		}
	}
	return expr{}, err
}

// begin reads a term that has no parts, or begins one that has; then whole is false, and its first part comes next.
func (p *parser) begin() (e expr, whole bool, err error) {
	t := p.tok
	switch {
	case p.atPunct("+") || p.atPunct("-"):
		return p.beginSigned()
	case t.kind == tokAtom:
		return newExpr(t.pos, Atom(t.text)), true, p.next()
	case t.kind == tokNumber || t.kind == tokChar:
		e := newExpr(t.pos, t.num)
		e.kind = exprNumber
		return e, true, p.next()
	case t.kind == tokString:
		e, err := p.str()
		return e, true, err
	case t.kind == tokSigil:
		return newExpr(t.pos, Binary(t.text)), true, p.next()
	case p.atPunct("["):
		return p.beginList()
	case p.atPunct("{"):
		return p.beginTuple()
	case p.atPunct("<<"):
		return p.beginBinary()
	case p.atPunct("#"):
		return p.beginMap()
	case p.atPunct("("):
		p.openTerm(openParens, t.pos)
		return expr{}, false, p.next()
	case t.kind == tokWord && t.text == "fun":
		e, err := p.export()
		return e, true, err
	}
	return expr{}, false, p.noTermError()
}

// addPart gives the part e to o, the term opened last. whole reports that this was the last part; e is then that term.
func (p *parser) addPart(o *opened, e expr) (expr, bool, error) {
	switch o.kind {
	case openParens: // which mean nothing
		p.open.pop()
		return e, true, p.closeBracket(")", ")")
	case openSign:
		return p.endSigned(e)
	case openTuple:
		return p.tuplePart(o, e)
	case openMap:
		return p.mapPart(o, e)
	case openBinary:
		return p.binaryPart(o, e)
	default:
		return p.listPart(o, e)
	}
}

// noTermError returns the error that no term begins with the token.
func (p *parser) noTermError() error {
	switch {
	case p.tok.kind == tokVar:
		return p.fail("variable %s is not a term", shorten(p.tok.text))
	case p.tok.kind == tokWord:
		return p.fail("%s is a reserved word: the atom is '%s'", p.tok.text, p.tok.text)
	case p.atPunct("<"):
		return p.fail("expected a term before <: pids cannot be read from text")
	}
	return p.expectedError("a term")
}

// closeBracket steps over the closing bracket. what says in an error what could stand there.
func (p *parser) closeBracket(bracket, what string) error {
	if !p.atPunct(bracket) {
		return p.expectedError(what)
	}
	return p.next()
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
	e := newExpr(pos, nil)
	e.kind, e.text = exprString, string(text)
	e.node.Term = Charlist(e.text)
	return e, nil
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
		if !p.atPunct(separator) {
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
	return newExpr(pos, Export{Module: names[0], Function: names[1], Arity: uint8(n)}), p.next()
}

func (p *parser) badFun() error {
	return p.fail("unexpected %s in a fun: the only fun that is a term is fun Module:Function/Arity", p.tok.describe())
}
