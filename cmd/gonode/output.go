package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
)

// print writes a term to standard output in the chosen format.
func (o *options) print(cmd *cobra.Command, t etf.Term) error {
	if o.output == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(toJSON(t))
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), etf.Format(t))
	return err
}

// toJSON shows a term as JSON for scripts to read; it cannot be read back into the same term. Atoms and UTF-8 binaries
// become strings (true, false, null and nil, undefined become true, false and null), tuples and lists arrays, maps
// objects; what JSON has no word for becomes its Erlang syntax as a string.
func toJSON(t etf.Term) any {
	switch t := t.(type) {
	case etf.Atom:
		return jsonAtom(t)
	case etf.Int:
		return int64(t)
	case *etf.BigInt:
		return json.RawMessage((*big.Int)(t).String())
	case etf.Float:
		return jsonFloat(float64(t))
	case etf.Binary:
		if utf8.Valid(t) {
			return string(t)
		}
	case etf.List:
		return jsonArray(t)
	case etf.Tuple:
		return jsonArray(t)
	case etf.Map:
		return jsonObject(t)
	}
	return etf.Format(t)
}

func jsonAtom(a etf.Atom) any {
	switch a {
	case "true":
		return true
	case "false":
		return false
	case "null", "nil", "undefined":
		return nil
	}
	return string(a)
}

// jsonFloat keeps a whole float recognisable as a float.
func jsonFloat(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return json.RawMessage(fmt.Sprintf("%.1f", f))
	}
	return f
}

func jsonArray(elems []etf.Term) []any {
	array := make([]any, len(elems))
	for i, e := range elems {
		array[i] = toJSON(e)
	}
	return array
}

// jsonObject uses the text of a key as its name: that of an atom or of a binary as it is, any other in Erlang syntax.
func jsonObject(m etf.Map) map[string]any {
	object := make(map[string]any, len(m))
	for _, pair := range m {
		object[jsonKey(pair.Key)] = toJSON(pair.Value)
	}
	return object
}

func jsonKey(key etf.Term) string {
	switch key := key.(type) {
	case etf.Atom:
		return string(key)
	case etf.Binary:
		if utf8.Valid(key) {
			return string(key)
		}
	}
	return etf.Format(key)
}
