// Command codec is the Go side of the codec's benchmark. It reads and writes the terms of files that term_to_binary
// made. As in a connection, it keeps its Decoder and Encoder, and large binaries stay in the buffer of the frame.
//
//	codec 1 call.etf maps1000.etf       figures, as the client of the benchmark writes them, of round 1
//	codec -n 20 -op decode call.etf     reads it 20 times
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/heapfloor"
)

func main() {
	op := flag.String("op", "", "decode or encode `n` times and tell nothing")
	n := flag.Int("n", 0, "how often")
	flag.Parse()
	defer heapfloor.Set(heapfloor.Default, 100)() // as in a node
	if err := run(*op, *n, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "codec:", err)
		os.Exit(1)
	}
}

func run(op string, n int, args []string) error {
	if len(args) == 0 {
		return errors.New("no files")
	}
	if op != "" {
		f, err := operations(args[0])
		if err == nil {
			repeat(f[op], n)
		}
		return err
	}
	for _, file := range args[1:] {
		f, err := operations(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".etf")
		for _, op := range []string{"decode", "encode"} {
			ns, allocations := measured(f[op])
			fmt.Printf("{%s,%s,'gonode@localhost',%s_ns,%f}.\n", args[0], name, op, ns)
			fmt.Printf("{%s,%s,'gonode@localhost',%s_allocs,%f}.\n", args[0], name, op, allocations)
		}
	}
	return nil
}

// operations returns the operations on the term of a file.
func operations(file string) (map[string]func(), error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d, e := etf.Decoder{Alias: true}, etf.Encoder{}
	term, err := d.Decode(b)
	if err != nil {
		return nil, err
	}
	var dst []byte
	return map[string]func(){
		"decode": func() { _, _ = d.Decode(b) },
		"encode": func() { dst, _ = e.Append(dst[:0], term) },
	}, nil
}

func repeat(f func(), n int) {
	for range n {
		f()
	}
}

// measured returns what one call of f takes: nanoseconds, the best of five runs of some 20 ms, and allocations.
func measured(f func()) (ns, allocations float64) {
	const enough = 20 * time.Millisecond
	took, n := time.Duration(0), 1
	for ; took < enough; n *= 2 {
		took = timed(f, n)
	}
	n /= 2
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 5 {
		took = min(took, timed(f, n))
	}
	runtime.ReadMemStats(&after)
	return float64(took) / float64(n), float64((after.Mallocs-before.Mallocs)/5) / float64(n)
}

func timed(f func(), n int) time.Duration {
	began := time.Now()
	repeat(f, n)
	return time.Since(began)
}
