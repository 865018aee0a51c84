package appup

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// Instruction is an instruction of a script: one of the types of this file. High-level instructions stand in .appup
// files alone; see https://www.erlang.org/doc/man/appup.html.
type Instruction interface {
	// Term returns the instruction in the longest of its forms.
	Term() etf.Term
}

// LowLevel tells whether an instruction may stand in a relup file, for a release handler to execute. TranslateScripts
// makes low-level instructions of the others.
func LowLevel(i Instruction) bool {
	switch i := i.(type) {
	case Update, LoadModule, AddModule, DeleteModule, AddApplication, RemoveApplication, RestartApplication:
		return false
	case Word:
		return i != "restart" && i != "reboot"
	}
	return true
}

// Purge is a purge method: what happens to processes that run old code.
type Purge string

// Purge methods.
const (
	SoftPurge   Purge = "soft_purge"
	BrutalPurge Purge = "brutal_purge"
)

// brutalPurge is BrutalPurge within a term.
const brutalPurge = etf.Atom(BrutalPurge)

// High-level instructions.
type (
	// Update changes the code of processes while they are suspended, and their states if it is Advanced.
	Update struct {
		Module etf.Atom
		// Static is for supervisors: on the way down their state changes after the code.
		Static bool
		// Timeout is how long a process may take to suspend itself: milliseconds, infinity or default.
		Timeout             etf.Term
		Advanced            bool
		Extra               etf.Term // of an Advanced one
		PrePurge, PostPurge Purge
		DepMods             []etf.Atom
	}
	// LoadModule changes the code of a module without suspending anything.
	LoadModule struct {
		Module              etf.Atom
		PrePurge, PostPurge Purge
		DepMods             []etf.Atom
	}
	// AddModule loads a new module.
	AddModule struct {
		Module  etf.Atom
		DepMods []etf.Atom
	}
	// DeleteModule takes a module away.
	DeleteModule struct {
		Module  etf.Atom
		DepMods []etf.Atom
	}
	// AddApplication loads the modules of a new application and starts it as Type says.
	AddApplication struct{ App, Type etf.Atom }
	// RemoveApplication stops an application, and takes its modules away.
	RemoveApplication struct{ App etf.Atom }
	// RestartApplication stops an application, changes all its modules, and starts it.
	RestartApplication struct{ App etf.Atom }
)

// Low-level instructions.
type (
	// LoadObjectCode reads modules, so that Load can be quick.
	LoadObjectCode struct {
		App     etf.Atom
		Vsn     string
		Modules []etf.Atom
	}
	// Load makes a module current that LoadObjectCode has read.
	Load struct {
		Module              etf.Atom
		PrePurge, PostPurge Purge
	}
	// Remove makes the current code of a module old.
	Remove struct {
		Module              etf.Atom
		PrePurge, PostPurge Purge
	}
	// PurgeModules takes old code away, with the processes that run it.
	PurgeModules struct{ Modules []etf.Atom }
	// Suspend suspends the processes of modules.
	Suspend struct{ Entries []SuspendEntry }
	// Resume lets them go on.
	Resume struct{ Modules []etf.Atom }
	// CodeChange changes the states of suspended processes.
	CodeChange struct {
		Down    bool
		Entries []CodeChangeEntry
	}
	// Stop terminates the processes of modules by their supervisors.
	Stop struct{ Modules []etf.Atom }
	// Start starts what Stop has terminated.
	Start struct{ Modules []etf.Atom }
	// SyncNodes waits until other nodes are at the same instruction.
	SyncNodes struct {
		ID    etf.Term
		Nodes []etf.Atom
		From  *MFA // computes the nodes, if it is not nil
	}
	// Apply calls a function. Undo is the call that undoes it when the upgrade fails; OTP has no such thing.
	Apply struct {
		MFA
		Undo *MFA
	}
	// Word is an instruction without arguments: point_of_no_return, restart_new_emulator, restart_emulator, and restart
	// and reboot, which systools lets through and no release handler executes.
	Word etf.Atom
)

// SuspendEntry is a module whose processes are suspended, and how long one may take: milliseconds, infinity or default.
type SuspendEntry struct {
	Module  etf.Atom
	Timeout etf.Term
}

// CodeChangeEntry is a module and the third argument of its code_change.
type CodeChangeEntry struct {
	Module etf.Atom
	Extra  etf.Term
}

// MFA is a call. Args is a list, if not always a proper one.
type MFA struct {
	Module, Function etf.Atom
	Args             etf.Term
}

// Term returns {Module, Function, Args}.
func (c MFA) Term() etf.Tuple { return etf.Tuple{c.Module, c.Function, c.Args} }

// String returns Module:Function/Arity.
func (c MFA) String() string {
	args, _ := c.Args.(etf.List)
	return fmt.Sprintf("%v:%v/%d", c.Module, c.Function, len(args))
}

// ParseInstruction reads an instruction in any of its forms. The error is a *FileError.
func ParseInstruction(t etf.Term) (Instruction, error) {
	r := &report{}
	n, undo := withoutUndo(etf.Node{Term: t})
	full := expand(n)
	switch {
	case len(full) != 1 || isList(t):
		r.badInstruction(n)
		return nil, r.err()
	case !r.syntax(full[0]):
		return nil, r.err()
	}
	i := instructionOf(normalize(full[0]).Term)
	if i == nil { // systools takes any list for a version
		r.badInstruction(n)
		return nil, r.err()
	}
	if undo {
		call := mfaOf(t.(etf.Tuple)[2].(etf.Tuple)[1])
		i = Apply{i.(Apply).MFA, &call}
	}
	return i, nil
}

// instructionOf makes an instruction of a term in the longest form, whose syntax is right.
func instructionOf(t etf.Term) Instruction {
	if word, ok := t.(etf.Atom); ok {
		return Word(word)
	}
	a := t.(etf.Tuple)
	word, a := a[0].(etf.Atom), a[1:]
	if isHighLevel(word) {
		return highLevelOf(word, a)
	}
	switch word {
	case "load_object_code":
		return objectCodeOf(a[0].(etf.Tuple))
	case "load":
		p := a[0].(etf.Tuple)
		return Load{p[0].(etf.Atom), purgeOf(p[1]), purgeOf(p[2])}
	case "remove":
		p := a[0].(etf.Tuple)
		return Remove{p[0].(etf.Atom), purgeOf(p[1]), purgeOf(p[2])}
	case "purge":
		return PurgeModules{mustAtoms(a[0])}
	case "suspend":
		return suspendOf(a[0].(etf.List))
	case "resume":
		return Resume{mustAtoms(a[0])}
	case "code_change":
		return codeChangeOf(a)
	case "stop":
		return Stop{mustAtoms(a[0])}
	case "start":
		return Start{mustAtoms(a[0])}
	case "sync_nodes":
		return syncNodesOf(a)
	}
	return Apply{MFA: mfaOf(a[0])}
}

// isHighLevel tells whether a word begins an instruction that is not for a release handler.
func isHighLevel(word etf.Atom) bool {
	switch word {
	case "update", "load_module", "add_module", "delete_module", "add_application", "remove_application",
		"restart_application":
		return true
	}
	return false
}

func highLevelOf(word etf.Atom, a []etf.Term) Instruction {
	name := a[0].(etf.Atom)
	switch word {
	case "update":
		u := Update{Module: name, Static: etf.IsAtom(a[1], "static"), Timeout: a[2], PrePurge: purgeOf(a[4]),
			PostPurge: purgeOf(a[5]), DepMods: mustAtoms(a[6])}
		if change, ok := a[3].(etf.Tuple); ok {
			u.Advanced, u.Extra = true, change[1]
		}
		return u
	case "load_module":
		return LoadModule{name, purgeOf(a[1]), purgeOf(a[2]), mustAtoms(a[3])}
	case "add_module":
		return AddModule{name, mustAtoms(a[1])}
	case "delete_module":
		return DeleteModule{name, mustAtoms(a[1])}
	case "add_application":
		return AddApplication{name, a[1].(etf.Atom)}
	case "remove_application":
		return RemoveApplication{name}
	}
	return RestartApplication{name}
}

func objectCodeOf(t etf.Tuple) Instruction {
	vsn, kind := stringOf(t[1])
	if kind != textOK {
		return nil
	}
	return LoadObjectCode{t[0].(etf.Atom), vsn, mustAtoms(t[2])}
}

func suspendOf(list etf.List) Suspend {
	s := Suspend{make([]SuspendEntry, len(list))}
	for i, e := range list {
		if pair, ok := e.(etf.Tuple); ok {
			s.Entries[i] = SuspendEntry{pair[0].(etf.Atom), pair[1]}
		} else {
			s.Entries[i] = SuspendEntry{e.(etf.Atom), etf.Atom("default")}
		}
	}
	return s
}

func codeChangeOf(a []etf.Term) CodeChange {
	list := a[len(a)-1].(etf.List)
	c := CodeChange{Down: etf.IsAtom(a[0], "down"), Entries: make([]CodeChangeEntry, len(list))}
	for i, e := range list {
		pair := e.(etf.Tuple)
		c.Entries[i] = CodeChangeEntry{pair[0].(etf.Atom), pair[1]}
	}
	return c
}

func syncNodesOf(a []etf.Term) SyncNodes {
	if t, ok := a[1].(etf.Tuple); ok {
		from := mfaOf(t)
		return SyncNodes{ID: a[0], From: &from}
	}
	return SyncNodes{ID: a[0], Nodes: mustAtoms(a[1])}
}

func mfaOf(t etf.Term) MFA {
	p := t.(etf.Tuple)
	return MFA{p[0].(etf.Atom), p[1].(etf.Atom), p[2]}
}

// purgeOf returns a purge method that was checked.
func purgeOf(t etf.Term) Purge { return Purge(t.(etf.Atom)) }

// mustAtoms returns the atoms of a list that was checked.
func mustAtoms(t etf.Term) []etf.Atom {
	atoms, _ := etf.AsAtoms(t)
	return atoms
}
