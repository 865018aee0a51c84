package genserv

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// CallbackError is what Of panics with: a method resembles a callback but is none, so it would never be called.
type CallbackError struct {
	Server string // Go type of the server
	Method string // the method
	Have   string // its signature
	Name   string // the callback that it looks like
	Want   string // the signature of that
	Why    string // what is wrong about it
}

func (e *CallbackError) Error() string {
	return fmt.Sprintf("genserv: method %s of %s is no callback: %s; it is %s, and %s is %s", e.Method, e.Server, e.Why,
		e.Have, e.Name, e.Want)
}

// callback is an optional callback: the interface that a server has it by.
type callback struct {
	name  string
	iface reflect.Type
}

func callbacksOf[S any]() []callback {
	list := []reflect.Type{
		reflect.TypeFor[Server[S]](), reflect.TypeFor[Caster[S]](), reflect.TypeFor[Informer[S]](),
		reflect.TypeFor[Continuer[S]](), reflect.TypeFor[Terminator[S]](), reflect.TypeFor[CodeChanger[S]](),
		reflect.TypeFor[ProcessCodeChanger[S]](), reflect.TypeFor[Downgrader[S]](),
		reflect.TypeFor[ProcessDowngrader[S]](), reflect.TypeFor[CodeChangeEnder](), reflect.TypeFor[Reverter[S]](),
		reflect.TypeFor[StatusFormatter[S]](), reflect.TypeFor[StateShower[S]](), reflect.TypeFor[StateCopier[S]](),
		reflect.TypeFor[Namer](), reflect.TypeFor[InitialCaller](), reflect.TypeFor[Blocker](),
	}
	var all []callback
	for _, iface := range list {
		for i := range iface.NumMethod() {
			all = append(all, callback{iface.Method(i).Name, iface})
		}
	}
	return all
}

// checked has the outcome of checkCallbacks for a type of server and of state.
var checked sync.Map // of checkedKey to *CallbackError

type checkedKey struct{ server, state reflect.Type }

// checkCallbacks looks at the methods of a server once, and returns the first one that looks like a callback and is
// none; nil if there is none, or its name is among own.
func checkCallbacks[S any](srv Server[S], own []string) *CallbackError {
	server := reflect.TypeOf(srv)
	if server == nil {
		return nil
	}
	key := checkedKey{server, reflect.TypeFor[S]()}
	if known, ok := checked.Load(key); ok && len(own) == 0 {
		return known.(*CallbackError)
	}
	failure := findMisnamed(server, callbacksOf[S](), own)
	if len(own) == 0 {
		checked.Store(key, failure)
	}
	return failure
}

// findMisnamed returns the first method that resembles a callback and is none, or nil.
func findMisnamed(server reflect.Type, callbacks []callback, own []string) *CallbackError {
	methods := server
	if server.Kind() != reflect.Pointer && server.Kind() != reflect.Interface {
		methods = reflect.PointerTo(server) // which has those with a pointer receiver, too
	}
	for i := range methods.NumMethod() {
		m := methods.Method(i)
		if slices.Contains(own, m.Name) {
			continue
		}
		if c, why := similarCallback(server, methods, m, callbacks); c != nil {
			return &CallbackError{Server: server.String(), Method: m.Name, Have: signature(m.Type, 1), Name: c.name,
				Want: signature(callbackType(c), 0), Why: why}
		}
	}
	return nil
}

// similarCallback returns the callback that a method resembles, and why the method is no callback; nil if it is one or
// resembles none.
func similarCallback(server, methods reflect.Type, m reflect.Method, callbacks []callback) (c *callback, why string) {
	same := slices.DeleteFunc(slices.Clone(callbacks), func(c callback) bool { return c.name != m.Name })
	if len(same) > 0 {
		for _, c := range same {
			if server.Implements(c.iface) {
				return nil, ""
			}
		}
		if methods.Implements(same[0].iface) {
			return &same[0], "Of was given a value, and the method has a pointer receiver"
		}
		return &same[0], "it has another signature"
	}
	for _, c := range callbacks {
		if distance(c.name, m.Name) <= 2 && (signature(m.Type, 1) == signature(callbackType(&c), 0) || takesProcess(m.Type)) {
			return &c, "it has another name"
		}
	}
	return nil, ""
}

// callbackType returns the function type of a callback.
func callbackType(c *callback) reflect.Type {
	m, _ := c.iface.MethodByName(c.name)
	return m.Type
}

// takesProcess tells whether the first parameter of a method is the process, as that of most callbacks.
func takesProcess(method reflect.Type) bool {
	return method.NumIn() > 1 && method.In(1) == reflect.TypeFor[*Process]()
}

// signature is a function type as text, without its first parameters.
func signature(f reflect.Type, skip int) string {
	var in, out []reflect.Type
	for i := skip; i < f.NumIn(); i++ {
		in = append(in, f.In(i))
	}
	for i := range f.NumOut() {
		out = append(out, f.Out(i))
	}
	return reflect.FuncOf(in, out, f.IsVariadic() && len(in) > 0).String()
}

// distance is how many letters have to be added, left out or changed to make b of a; two that stand in the wrong order
// count as two.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
