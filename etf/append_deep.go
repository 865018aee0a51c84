package etf

// appendDeep appends t, which has parts, with a stack on the heap. The methods of Encoder use it at the end of their
// recursion, and it appends what they would.
func (e *Encoder) appendDeep(dst []byte, t Term) ([]byte, *EncodeError) {
	var w deepWriter
	dst, err := w.enter(e, dst, t)
	for err == nil && w.open.n > 0 {
		part, more := w.next()
		switch {
		case !more:
			dst, err = w.leave(e, dst)
		case hasParts(part):
			dst, err = w.enter(e, dst, part)
		default:
			dst, err = e.term(dst, part, 1)
		}
	}
	if err != nil {
		w.locate(err)
	}
	return dst, err
}

// deepWriter walks a term that is appended. It keeps where the size of a fun goes.
type deepWriter struct{ walk[int] }

// enter appends a term that has no parts in the format, or the beginning of one that has.
func (w *deepWriter) enter(e *Encoder, dst []byte, t Term) ([]byte, *EncodeError) {
	var err *EncodeError
	size := 0
	switch t := t.(type) {
	case List:
		if len(t) == 0 {
			return append(dst, tagNil), nil
		}
		if isString(t) {
			return appendString(dst, t), nil
		}
		dst, err = appendListHeader(dst, len(t))
	case ImproperList:
		if !t.valid() {
			return dst, t.fault()
		}
		dst, err = appendListHeader(dst, len(t.Elems))
	case Tuple:
		dst, err = appendTupleHeader(dst, len(t))
	case Map:
		dst, err = appendMapHeader(dst, len(t))
	case *Fun:
		dst, size, err = e.funHead(dst, t)
	case *Record:
		dst, err = e.recordHead(dst, t)
	}
	switch {
	case err != nil:
		return dst, err
	case w.open.n >= e.heapDepth():
		return dst, e.tooDeep()
	case !w.walk.enter(t, size):
		return dst, badTerm("a term that contains itself")
	}
	return dst, nil
}

// leave ends the term all of whose parts were appended.
func (w *deepWriter) leave(e *Encoder, dst []byte) ([]byte, *EncodeError) {
	switch t, size := w.walk.leave(); t := t.(type) {
	case List:
		return append(dst, tagNil), nil
	case Map:
		return dst, e.distinctKeys(t)
	case *Fun:
		return dst, setFunSize(dst, size)
	}
	return dst, nil
}

// locate adds the steps to the part that err is about. Steps that the message leaves out are only counted.
func (w *deepWriter) locate(err *EncodeError) {
	for added := 0; w.open.n > 0; added++ {
		v := w.open.pop()
		if added >= maxPathSteps {
			err.skipped++
			continue
		}
		switch i := v.next - 1; t := v.term.(type) {
		case Tuple:
			err.in("{%d}", i+1)
		case List:
			err.in("[%d]", i+1)
		case ImproperList:
			if i == len(t.Elems) {
				err.in("[|]")
			} else {
				err.in("[%d]", i+1)
			}
		case Map:
			if i%2 == 0 {
				err.in("#{%d:key}", i/2+1)
			} else {
				err.in("#{%s}", keyName(t[i/2].Key, i/2))
			}
		case *Fun:
			err.in(".Free[%d]", i+1)
		case *Record:
			err.in("#.%s", t.Fields[i])
		}
	}
}
