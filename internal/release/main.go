// Command release builds the program gonode for every system, each in an archive with manual pages and completions,
// and writes their checksums. The same commit gives the same bytes on any machine: see RELEASING.md.
//
//	go run ./internal/release -out build/release           everything
//	go run ./internal/release -check                       twice, for one system; the bytes have to be the same
//	go run ./internal/release -out build/image -image      the folder that the Dockerfile at the root builds from
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

// targets are the systems that a release is built for.
var targets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

func main() {
	out := flag.String("out", "build/release", "`folder` for the results; it is emptied first")
	only := flag.String("only", "", "`systems` to build for, such as linux/amd64,darwin/arm64 (default all)")
	twice := flag.Bool("check", false, "build twice in different places and compare the checksums")
	image := flag.Bool("image", false, "write only the program for linux, for a container image")
	flag.Parse()
	chosen := targets
	if *only != "" {
		chosen = strings.Split(*only, ",")
	}
	var err error
	switch {
	case *twice:
		err = checkTwice(".", chosen)
	case *image:
		err = buildImage(".", *out, chosen)
	default:
		err = buildRelease(".", *out, chosen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}
