// Package witness runs a test inside another test, which checks how the first one fails or is skipped.
package witness

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TB is a testing.TB that records what happens to it.
type TB struct {
	testing.TB
	said     []string
	failed   bool
	skipped  bool
	cleanups []func()
}

// Watch runs f as a test of its own, with its cleanups, and returns the outcome.
func Watch(t *testing.T, f func(tb testing.TB)) *TB {
	t.Helper()
	w := &TB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(w.cleanups) > 0 {
				last := len(w.cleanups) - 1
				next := w.cleanups[last]
				w.cleanups = w.cleanups[:last]
				next()
			}
		}()
		f(w)
	}()
	<-done
	return w
}

func (w *TB) Helper()             {}
func (w *TB) Cleanup(f func())    { w.cleanups = append(w.cleanups, f) }
func (w *TB) Failed() bool        { return w.failed }
func (w *TB) Skipped() bool       { return w.skipped }
func (w *TB) Logf(string, ...any) {}

func (w *TB) say(text string) { w.said = append(w.said, text) }

// Reports returns what the test has reported, in order.
func (w *TB) Reports() []string { return w.said }

// Text returns what the test has reported, one report a line.
func (w *TB) Text() string { return strings.Join(w.said, "\n") }

func (w *TB) Error(args ...any) {
	w.failed = true
	w.say(fmt.Sprint(args...))
}

func (w *TB) Errorf(format string, args ...any) { w.Error(fmt.Sprintf(format, args...)) }

func (w *TB) Fatal(args ...any) {
	w.Error(args...)
	runtime.Goexit()
}

func (w *TB) Fatalf(format string, args ...any) { w.Fatal(fmt.Sprintf(format, args...)) }

func (w *TB) Skipf(format string, args ...any) {
	w.skipped = true
	w.say(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
