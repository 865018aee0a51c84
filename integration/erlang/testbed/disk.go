package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// disk is a server that fills the directory of the release handler, which has to be a small file system of its own. It
// understands the calls
//
//	fill    {ok, Bytes}, as many as there was room for
//	free    ok
//	read    {ok, Binary}: the file RELEASES, if no unfinished file is left beside it
type disk struct{ root string }

// Init implements genserv.Server.
func (d disk) Init(*genserv.Process, etf.Term) genserv.InitResult[disk] { return genserv.Ok(d) }

// HandleCall implements genserv.Server.
func (d disk) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, _ disk) genserv.Result[disk] {
	full := filepath.Join(d.root, "full")
	switch request {
	case etf.Atom("fill"):
		n, err := fill(full)
		return genserv.Reply(answer(etf.Int(n), err), d)
	case etf.Atom("free"):
		return genserv.Reply(answer(ok, os.Remove(full)), d)
	}
	text, err := os.ReadFile(filepath.Join(d.root, "releases/RELEASES"))
	if left, _ := filepath.Glob(filepath.Join(d.root, "releases/*.new")); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("left behind: %v", left))
	}
	return genserv.Reply(answer(etf.Binary(text), err), d)
}

func answer(t etf.Term, err error) etf.Term {
	if err != nil {
		return failed(err)
	}
	return etf.Tuple{ok, t}
}

// maxFill is more than fits on such a file system.
const maxFill = 64 << 20

// fill writes a file until there is no room left.
func fill(name string) (written int, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for size := 64 << 10; size > 0; { // as long as there is room for a byte
		n, err := f.Write(make([]byte, size))
		if written += n; written > maxFill {
			return written, fmt.Errorf("%s is on no small file system", name)
		}
		if err != nil {
			size /= 2
		}
	}
	return written, nil
}
