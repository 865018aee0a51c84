package etf_test

import (
	"fmt"
	"math"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// source returns t as an expression for eval in etf_otp.erl. It shares nothing with the encoder, so that both being
// wrong in the same way is unlikely.
func source(t etf.Term) string {
	switch t := t.(type) {
	case etf.Atom:
		return "a(" + sourceBytes([]byte(t)) + ")"
	case etf.Int:
		return fmt.Sprintf("%d", int64(t))
	case *etf.BigInt:
		return t.Big().String()
	case etf.Float:
		return fmt.Sprintf("f(%d)", math.Float64bits(float64(t)))
	case etf.Binary:
		return sourceBytes(t)
	case etf.Bitstring:
		last := len(t.Data) - 1
		return fmt.Sprintf("<<%s/binary,%d:%d>>", sourceBytes(t.Data[:last]), t.Data[last]>>(8-t.Bits), t.Bits)
	case etf.List:
		return "[" + sourceAll(t) + "]"
	case etf.ImproperList:
		return "[" + sourceAll(t.Elems) + "|" + source(t.Tail) + "]"
	case etf.Tuple:
		return "{" + sourceAll(t) + "}"
	case etf.Map:
		pairs := make([]string, len(t))
		for i, p := range t {
			pairs[i] = source(p.Key) + " => " + source(p.Value)
		}
		return "#{" + strings.Join(pairs, ",") + "}"
	case etf.Pid:
		return fmt.Sprintf("pid(%s,%d,%d,%d)", source(t.Node), t.ID, t.Serial, t.Creation)
	case etf.Port:
		return fmt.Sprintf("port(%s,%d,%d)", source(t.Node), t.ID, t.Creation)
	case etf.Ref:
		words := make(etf.List, t.Len)
		for i := range words {
			words[i] = etf.Int(t.Words[i])
		}
		return fmt.Sprintf("ref(%s,%d,%s)", source(t.Node), t.Creation, source(words))
	case etf.Export:
		return fmt.Sprintf("erlang:make_fun(%s,%s,%d)", source(t.Module), source(t.Function), t.Arity)
	case *etf.Fun:
		return fmt.Sprintf("fn(%d,%s,%d,%s,%s,%s,%s,%s)", t.Arity, sourceBytes(t.Uniq[:]), t.Index, source(t.Module),
			source(t.OldIndex), source(t.OldUniq), source(t.Pid), source(etf.List(t.Free)))
	}
	if r, ok := t.(*etf.Record); ok {
		fields := make(etf.List, len(r.Fields))
		for i, f := range r.Fields {
			fields[i] = etf.Tuple{f, r.Values[i]}
		}
		return fmt.Sprintf("record(%t,%s,%s,%s)", r.Exported, source(r.Module), source(r.Name), source(fields))
	}
	panic(fmt.Sprintf("no source for %T", t))
}

func sourceAll(terms []etf.Term) string {
	s := make([]string, len(terms))
	for i, t := range terms {
		s[i] = source(t)
	}
	return strings.Join(s, ",")
}

func sourceBytes(b []byte) string {
	s := make([]string, len(b))
	for i, c := range b {
		s[i] = fmt.Sprint(c)
	}
	return "<<" + strings.Join(s, ",") + ">>"
}
