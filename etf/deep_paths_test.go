package etf

import (
	"bytes"
	"testing"
)

// bothWays decodes, appends, hashes and compares with recursion and without, which must not make a difference.
func bothWays(t *testing.T, data []byte) {
	var atoms []Term
	for _, a := range []string{"a", "b", "cd"} {
		atoms = append(atoms, Atom(a))
	}
	read := func(depth int) (Term, int, error) {
		d := Decoder{Atoms: atoms}
		d.start(data)
		term := d.term(depth)
		n, err := d.finish()
		return term, n, err
	}
	term, n, err := read(recursion)
	flat, flatN, flatErr := read(0)
	if (err == nil) != (flatErr == nil) || n != flatN {
		t.Fatalf("%v, %d bytes, with recursion; %v, %d bytes, without", err, n, flatErr, flatN)
	}
	if err != nil {
		if *err.(*DecodeError) != *flatErr.(*DecodeError) {
			t.Fatalf("%v with recursion; %v without", err, flatErr)
		}
		return
	}
	if !equal(term, flat, recursion) || !equal(term, flat, 0) {
		t.Fatalf("%.200s with recursion; %.200s without", Format(term), Format(flat))
	}
	var e Encoder
	out, bad := e.term(nil, term, recursion)
	flatOut, flatBad := e.term(nil, flat, 0)
	if bad != nil || flatBad != nil || !bytes.Equal(out, flatOut) {
		t.Fatalf("%v %x with recursion; %v %x without", bad, out, flatBad, flatOut)
	}
	for _, exact := range []bool{false, true} {
		if compare(term, flat, exact, recursion) != 0 || compare(term, flat, exact, 0) != 0 {
			t.Fatal("not equal in the order")
		}
		parts := partsOf(term)
		for i := 1; i < len(parts); i++ {
			with, without := compare(parts[i-1], parts[i], exact, recursion), compare(parts[i-1], parts[i], exact, 0)
			if with != without {
				t.Fatalf("%d with recursion, %d without", with, without)
			}
			if same := equal(parts[i-1], parts[i], recursion); same != equal(parts[i-1], parts[i], 0) {
				t.Fatal("equality differs")
			}
		}
	}
	for _, limit := range []int{-1, 20} {
		w, flatW := textWriter{limit: limit}, textWriter{limit: limit}
		w.term(term, recursion)
		flatW.term(flat, 0)
		if limit < 0 && string(w.buf) != string(flatW.buf) || w.isFull() != flatW.isFull() {
			t.Fatalf("%s with recursion; %s without", w.buf, flatW.buf)
		}
	}
	var h, flatH hasher
	if h.term(term, recursion) != flatH.term(flat, 0) {
		t.Fatal("hashes differ")
	}
}

func FuzzWithAndWithoutRecursion(f *testing.F) {
	for _, source := range []string{
		"{a,[b|{c}],#{[x] => {y,1.5}, 2 => <<\"b\">>}}", "[1,2,[3,[4|5]],\"abc\"]",
		"#{#{#{a => 1} => 2} => 3, #{} => 4}",
		"{[{}|x],[],{},#{},[[[]]],{1,2.0,2}}", "[#{a => 1, b => 2}, #{b => 2, a => 1}, #{a => 1.0, b => 2}]",
	} {
		term, err := Parse(source)
		if err != nil {
			f.Fatal(err)
		}
		b, err := Append(nil, List{term, term, Tuple{term}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[1:])
	}
	free := []Term{Tuple{Int(1)}, List{}}
	fun, _ := Append(nil, Tuple{
		&Fun{Module: "m", OldIndex: Int(1), OldUniq: Int(2), Pid: Pid{Node: "n"}, Free: free},
		&Record{Module: "m", Name: "r", Fields: []Atom{"f", "g"}, Values: []Term{Int(1), Tuple{Map{}}}},
	})
	f.Add(fun[1:])
	f.Add([]byte{108, 0, 0, 0, 0, 108, 0, 0, 0, 1, 82, 1, 107, 0, 1, 7})
	f.Fuzz(bothWays)
}
