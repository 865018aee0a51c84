package etf

// String returns the atom in Erlang syntax, quoted where it has to be; string(a) is its plain text.
func (a Atom) String() string { return Format(a) }

// String returns the integer in decimal.
func (i Int) String() string { return Format(i) }

// String returns the integer in decimal.
func (b *BigInt) String() string { return Format(b) }

// String returns the float in Erlang's shortest form, such as 1.0 or 1.0e-5.
func (f Float) String() string { return Format(f) }

// String returns the binary in Erlang syntax, such as <<"text">> or <<0,255>>.
func (b Binary) String() string { return Format(b) }

// String returns the bitstring in Erlang syntax, such as <<255,5:3>>.
func (b Bitstring) String() string { return Format(b) }

// String returns the list in Erlang syntax; a list of printable characters is written as "text".
func (l List) String() string { return Format(l) }

// String returns the list in Erlang syntax, such as [alias|a].
func (l ImproperList) String() string { return Format(l) }

// String returns the tuple in Erlang syntax.
func (t Tuple) String() string { return Format(t) }

// String returns the map in Erlang syntax, its pairs in the order in which it holds them.
func (m Map) String() string { return Format(m) }

// String returns the pid as its own node prints it, <0.ID.Serial>. On other BEAM nodes the first number is the index of
// the node in a table of theirs, which has no meaning elsewhere. Node and creation are in the fields; %#v shows them.
func (p Pid) String() string { return Format(p) }

// String returns the port as its own node prints it, #Port<0.ID>.
func (p Port) String() string { return Format(p) }

// String returns the reference as its own node prints it, #Ref<0.Wn...W1>.
func (r Ref) String() string { return Format(r) }

// String returns the fun as Erlang prints it, #Fun<Module.Index.Uniq>.
func (f *Fun) String() string { return Format(f) }

// String returns the fun in Erlang syntax, fun Module:Function/Arity.
func (e Export) String() string { return Format(e) }

// String returns the record as #Module:Name{Field = Value}.
func (r *Record) String() string { return Format(r) }
