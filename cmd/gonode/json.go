package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// toJSON converts a term to JSON for scripts. The JSON cannot be converted back into the same term. Atoms and UTF-8
// binaries become strings, but true and false stay, and null, nil and undefined become null. Tuples and lists become
// arrays, maps become objects, and numbers stay numbers. Any other term becomes its Erlang syntax as a string.
//
// It fails if two keys of a map have the same text even in Erlang syntax, as pids of two incarnations of a node do, and
// if a term is nested deeper than maxJSONDepth.
func toJSON(t etf.Term) (any, error) { return jsonTerm(t, maxJSONDepth) }

// maxJSONDepth is how deep arrays and objects may be nested. Few JSON parsers accept more.
const maxJSONDepth = 1000

// jsonTerm is toJSON with a limit on the depth of the result.
func jsonTerm(t etf.Term, depth int) (any, error) {
	if depth < 0 {
		return nil, fmt.Errorf("JSON cannot show a term nested deeper than %d; use -o term", maxJSONDepth)
	}
	switch t := t.(type) {
	case etf.Atom:
		return jsonAtom(t), nil
	case etf.Int, *etf.BigInt, etf.Float:
		return json.RawMessage(etf.Format(t)), nil // an Erlang number is a JSON number; a whole float keeps its .0
	case etf.Binary:
		return jsonBinary(t), nil
	case etf.List:
		return jsonArray(t, depth-1)
	case etf.Tuple:
		return jsonArray(t, depth-1)
	case etf.Map:
		return jsonObject(t, depth-1)
	}
	return etf.Format(t), nil
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

// jsonBinary returns the text of a binary, or its bytes if they are not text: <<255,0>>. Erlang itself would print some
// of these as Latin-1.
func jsonBinary(b etf.Binary) string {
	if utf8.Valid(b) {
		return string(b)
	}
	text := []byte("<<")
	for i, c := range b {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(c), 10)
	}
	return string(append(text, ">>"...))
}

func jsonArray(elems []etf.Term, depth int) (any, error) {
	array := make([]any, len(elems))
	for i, e := range elems {
		var err error
		if array[i], err = jsonTerm(e, depth); err != nil {
			return nil, err
		}
	}
	return array, nil
}

// jsonObject uses the text of each key as a name. If two keys have the same text, it uses the Erlang syntax of all
// keys, so that no value is lost.
func jsonObject(m etf.Map, depth int) (any, error) {
	names, clash := jsonNamesOf(m, jsonKey)
	if clash {
		names, clash = jsonNamesOf(m, etf.Format)
	}
	if clash {
		return nil, fmt.Errorf("JSON cannot show a map with two keys %s; use -o term", names[len(names)-1])
	}
	object := make(map[string]any, len(m))
	for i, pair := range m {
		var err error
		if object[names[i]], err = jsonTerm(pair.Value, depth); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// jsonNamesOf applies text to the keys of m. It stops at the first key that has the same text as an earlier one, a
// clash.
func jsonNamesOf(m etf.Map, text func(etf.Term) string) (names []string, clash bool) {
	seen := make(map[string]bool, len(m))
	for _, pair := range m {
		name := text(pair.Key)
		names = append(names, name)
		if seen[name] {
			return names, true
		}
		seen[name] = true
	}
	return names, false
}

// jsonKey returns the text of a key: that of an atom or of a binary unchanged, any other key in Erlang syntax.
func jsonKey(key etf.Term) string {
	switch key := key.(type) {
	case etf.Atom:
		return string(key)
	case etf.Binary:
		return jsonBinary(key)
	}
	return etf.Format(key)
}
