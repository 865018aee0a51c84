package genserv

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// crash says how a callback failed, in the words of Erlang's try: catch Class:Reason:Stack.
type crash struct {
	class  etf.Term // error or exit
	reason etf.Term
	stack  etf.List
	value  any // of the panic
}

// exitReason is what the process exits with: a stack belongs to errors only. gen_server:terminate_reason/3.
func (c *crash) exitReason() etf.Term {
	if c.class == atomExit {
		return c.reason
	}
	return etf.Tuple{c.reason, c.stack}
}

// asError returns an *Exit with the exit reason, or nil if c is nil because the callback returned.
func (c *crash) asError() error {
	if c == nil {
		return nil
	}
	return &Exit{Reason: c.exitReason()}
}

// Failure says how a function failed: what try sees in Erlang as catch Class:Reason:Stack.
type Failure struct {
	Class  etf.Atom // error or exit; throw from functions that raise that on purpose
	Reason etf.Term
	Stack  etf.List // from the call that panicked down
}

func (f *Failure) Error() string {
	return string(f.Class) + ": " + etf.FormatMax(f.Reason, maxReasonText)
}

// ExitReason returns the exit reason of a process that fails so: {Reason, Stack} for an error, Reason for an exit,
// {{nocatch, Reason}, Stack} for a throw.
func (f *Failure) ExitReason() etf.Term {
	if f.Class == "throw" {
		return etf.Tuple{etf.Tuple{etf.Atom("nocatch"), f.Reason}, f.Stack}
	}
	return (&crash{class: f.Class, reason: f.Reason, stack: f.Stack}).exitReason()
}

// Try runs f in a goroutine of its own and returns nil, or what a panic of f means in Erlang; see the package comment.
// A runtime.Goexit in f is the error goexit. Use it to run foreign functions outside of callbacks.
func Try(f func()) *Failure {
	ended := make(chan *crash, 1)
	go func() {
		returned := false
		defer func() {
			if !returned {
				ended <- errGoexit()
			}
		}()
		c := protect(f)
		returned = true
		ended <- c
	}()
	c := <-ended
	if c == nil {
		return nil
	}
	return &Failure{Class: c.class.(etf.Atom), Reason: c.reason, Stack: c.stack}
}

// errGoexit is the error of a function that has ended its goroutine: runtime.Goexit, as testing.T.FailNow calls it.
func errGoexit() *crash {
	return &crash{class: atomError, reason: etf.Atom("goexit"), stack: etf.List{}}
}

// protect runs a callback of the user. It is the only place of this package that recovers from a panic. It does not
// return if the callback has called runtime.Goexit, which nothing can stop; see Loop.Goexit.
func protect(callback func()) (c *crash) {
	returned := false
	defer func() {
		if !returned {
			c = newCrash(recover())
		}
	}()
	callback()
	returned = true
	return nil
}

// newCrash translates the value of a panic.
//
//	panic(genserv.Exit{...})    exit(Reason), also with an error that wraps an *Exit
//	panic(etf.Term)             error(Term)
//	anything else               error({panic, <<"text">>}), runtime errors included
func newCrash(value any) *crash {
	c := &crash{class: atomError, value: value}
	switch v := value.(type) {
	case Exit:
		c.class, c.reason = atomExit, orUndefined(v.Reason)
	case etf.Term:
		c.reason = v
	case error:
		var exit *Exit
		if errors.As(v, &exit) {
			c.class, c.reason = atomExit, orUndefined(exit.Reason)
		}
	}
	if c.reason == nil {
		c.reason = etf.Tuple{etf.Atom("panic"), etf.Binary(clipText(fmt.Sprint(value)))}
	}
	c.stack = callers()
	return c
}

// undefined is the error of calling a function that a callback module does not have.
func undefined(module, function etf.Atom, args ...etf.Term) *crash {
	return &crash{
		class:  atomError,
		reason: etf.Atom("undef"),
		stack:  etf.List{etf.Tuple{module, function, etf.List(args), etf.List{}}},
	}
}

// functionClause is the error of a function without a clause for its arguments. OTP's own code fails so on a bad From.
func functionClause(module, function etf.Atom, args ...etf.Term) *crash {
	c := undefined(module, function, args...)
	c.reason = etf.Atom("function_clause")
	return c
}

func clipText(s string) string {
	if len(s) > maxReasonText {
		s = s[:maxReasonText] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// stackDepth is how many calls a stack trace has at most: the backtrace_depth of the BEAM.
const stackDepth = 8

// callers returns the stack of the panic that is being recovered from, from the call that panicked down to the
// callback.
func callers() etf.List {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	var stack etf.List
	panicked := false
	for len(stack) < stackDepth {
		frame, more := frames.Next()
		switch {
		case frame.Function == "" || !panicked:
			// Above the panic are this function and the deferred one that called it.
			panicked = panicked || frame.Function == "runtime.gopanic"
		case frame.Function == protectName:
			return withoutInstance(stack)
		case len(stack) == 0 && strings.HasPrefix(frame.Function, "runtime."):
			// The runtime's own way to a panic, such as sigpanic or goPanicIndex.
		default:
			stack = append(stack, stackEntry(frame))
		}
		if !more {
			break
		}
	}
	return stack
}

const (
	packagePath = "github.com/gonode-otp/gonode/genserv"
	protectName = packagePath + ".protect"
)

// withoutInstance takes away the calls between protect and the callback.
func withoutInstance(stack etf.List) etf.List {
	for len(stack) > 0 {
		entry := stack[len(stack)-1].(etf.Tuple)
		if !etf.IsAtom(entry[0], packagePath) || !strings.HasPrefix(string(entry[1].(etf.Atom)), "(*server[") {
			break
		}
		stack = stack[:len(stack)-1]
	}
	return stack
}

// stackEntry returns {Package, Function, 0, [{file, File}, {line, Line}]}. Go knows no arity at run time.
func stackEntry(f runtime.Frame) etf.Term {
	slash := strings.LastIndexByte(f.Function, '/') + 1
	pkg, function, _ := strings.Cut(f.Function[slash:], ".")
	return etf.Tuple{
		clipAtom(f.Function[:slash] + pkg), clipAtom(function), etf.Int(0),
		etf.List{
			etf.Tuple{etf.Atom("file"), etf.Charlist(path.Base(f.File))},
			etf.Tuple{etf.Atom("line"), etf.Int(f.Line)},
		},
	}
}
