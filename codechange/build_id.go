package codechange

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// buildMark stands in front of the build ID that the Go linker writes at the beginning of the text of every program.
var buildMark = []byte("\xff Go build ID: \"")

const (
	buildArea = 1 << 16 // the text of a program begins well within this many bytes
	maxBuild  = 512
)

// buildID names the build of this program: its Go build ID, or if that cannot be read, what the program tells about the
// sources it is built from.
var buildID = sync.OnceValue(func() string {
	if id := linkedBuildID(); id != "" {
		return id
	}
	info, _ := debug.ReadBuildInfo()
	return fmt.Sprint(info)
})

func linkedBuildID() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	head, err := io.ReadAll(io.LimitReader(f, buildArea))
	if err != nil {
		return ""
	}
	return findBuildID(head)
}

// elfNote is the type and the name of the note in an ELF file that holds the build ID; its size stands in front of
// that. What a C linker has put together has only the note.
var elfNote = []byte("\x04\x00\x00\x00Go\x00\x00")

// findBuildID looks for the build ID in the first bytes of a program. See cmd/internal/buildid of Go.
func findBuildID(head []byte) string {
	if at := bytes.Index(head, elfNote); at >= 4 {
		size := int(binary.LittleEndian.Uint32(head[at-4:]))
		if rest := head[at+len(elfNote):]; 0 < size && size <= min(maxBuild, len(rest)) {
			return string(rest[:size])
		}
	}
	_, rest, found := bytes.Cut(head, buildMark)
	end := bytes.IndexByte(rest, '"')
	if !found || end < 0 || end > maxBuild {
		return ""
	}
	return string(rest[:end])
}
