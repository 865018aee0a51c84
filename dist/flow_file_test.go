package dist_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// flow is a recorded connection: what each side has said, in the order in which it was said, and what was traced of it.
type flow struct {
	release  string // of the peer
	script   string // which of the scripts was played
	incoming bool   // the peer dialled
	blocks   []block
	received []string // trace lines
	sent     []string
}

// block is what one side has said before the other one spoke.
type block struct {
	ours  bool
	bytes []byte
}

// said returns all the bytes of one side.
func (f *flow) said(ours bool) (all []byte) {
	for _, b := range f.blocks {
		if b.ours == ours {
			all = append(all, b.bytes...)
		}
	}
	return all
}

const flowHead = "# OTP %s and this package, recorded by: go test ./dist -run Flow -update\n# script %s, %s\n"

var flowHeader = regexp.MustCompile(`^# OTP (\S+) and .*\n# script (\S+), (.*)\n`)

var flowRole = map[bool]string{false: "dialled by us", true: "dialled by OTP"}

// text is the flow as a file. The bytes stand in the form of hexdump -C, but that a star stands for any number of lines
// like the one before.
func (f *flow) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, flowHead, f.release, f.script, flowRole[f.incoming])
	for i, block := range f.blocks {
		who := "OTP"
		if block.ours {
			who = "we"
		}
		fmt.Fprintf(&b, ">>> %d (%s)\n", i+1, who)
		dump(&b, block.bytes)
	}
	b.WriteString("--- received\n" + lines(f.received) + "--- sent\n" + lines(f.sent))
	return b.String()
}

func lines(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, "\n") + "\n"
}

func dump(b *strings.Builder, data []byte) {
	before, star := "", false
	for at := 0; at < len(data); at += 16 {
		row := data[at:min(at+16, len(data))]
		if string(row) == before {
			if !star {
				b.WriteString("*\n")
			}
			star = true
			continue
		}
		before, star = string(row), false
		fmt.Fprintf(b, "%08x  %-47s  |%s|\n", at, strings.TrimSpace(fmt.Sprintf("% x", row)), ascii(row))
	}
	fmt.Fprintf(b, "%08x\n", len(data))
}

// ascii replaces what is no text.
func ascii(row []byte) []byte {
	text := make([]byte, len(row))
	for i, c := range row {
		if text[i] = c; c < ' ' || c > '~' {
			text[i] = '.'
		}
	}
	return text
}

// undump reads lines that dump has written.
func undump(rows []string) (data []byte, err error) {
	star := false
	for _, row := range rows {
		if row == "*" {
			star = true
			continue
		}
		at, err := strconv.ParseUint(row[:min(8, len(row))], 16, 32)
		if err != nil {
			return nil, err
		}
		for star && len(data) < int(at) && len(data) >= 16 {
			data = append(data, data[len(data)-16:]...)
		}
		star = false
		if len(data) != int(at) {
			return nil, fmt.Errorf("%q does not follow %d bytes", row, len(data))
		}
		if len(row) == 8 {
			continue
		}
		part, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(row[10:57]), " ", ""))
		if err != nil {
			return nil, err
		}
		data = append(data, part...)
	}
	return data, nil
}

// readFlow reads a file that text has made.
func readFlow(t testing.TB, text string) *flow {
	t.Helper()
	f := &flow{}
	m := flowHeader.FindStringSubmatch(text)
	require.NotNil(t, m)
	f.release, f.script, f.incoming = m[1], m[2], m[3] == flowRole[true]
	_, rest, found := strings.Cut(text, ">>> ")
	require.True(t, found)
	rest, traces, found := strings.Cut(rest, "--- received\n")
	require.True(t, found)
	for _, part := range strings.Split(rest, ">>> ") {
		head, rows, _ := strings.Cut(strings.TrimSuffix(part, "\n"), "\n")
		data, err := undump(strings.Split(rows, "\n"))
		require.NoError(t, err)
		f.blocks = append(f.blocks, block{strings.HasSuffix(head, "(we)"), data})
	}
	received, sent, found := strings.Cut(traces, "--- sent\n")
	require.True(t, found)
	f.received, f.sent = unlines(received), unlines(sent)
	return f
}

func unlines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

const flowDir = "testdata/flows"

func flowFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(flowDir, "otp*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func writeFlow(t testing.TB, f *flow) {
	t.Helper()
	require.NoError(t, os.MkdirAll(flowDir, 0o755))
	name := filepath.Join(flowDir, "otp"+f.release+"-"+f.script+".txt")
	require.NoError(t, os.WriteFile(name, []byte(f.text()), 0o644))
}

func TestAFlowIsTheSameAfterItWasWrittenAndRead(t *testing.T) {
	f := &flow{release: "99", script: "any", incoming: true, received: []string{"<- a"}, blocks: []block{
		{true, []byte("short")}, {false, bytes.Repeat([]byte{0}, 100)},
		{true, append(bytes.Repeat([]byte("0123456789abcdef"), 4), "tail\xff"...)},
		{false, []byte("0123456789abcdef")},
	}}
	text := f.text()
	require.Contains(t, text, "*\n")
	require.Equal(t, f, readFlow(t, text))
	f.incoming, f.sent, f.received = false, []string{"-> b", "-> c"}, nil
	require.Equal(t, f, readFlow(t, f.text()))
}
