package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// board shows the progress of a rollout. On a terminal it is a table that changes in place. Elsewhere it is a line for
// each change, and at the end the table, or JSON.
type board struct {
	cmd     *cobra.Command
	format  string
	members []*member
	live    bool

	mu    sync.Mutex
	drawn int    // lines of the table on the terminal
	says  string // the current action
	rows  map[*member]row
}

// row is what was last shown of a member. The member's own fields may change meanwhile.
type row struct {
	kind, from, reason string
	wave               int
	stage              stage
	pause              time.Duration
}

// maxLive is how many nodes a table that changes in place may have. It has to fit on the screen.
const maxLive = 20

func newBoard(cmd *cobra.Command, format string, members []*member) *board {
	b := &board{cmd: cmd, format: format, members: members, rows: map[*member]row{}}
	b.live = format != "json" && len(members) <= maxLive && isTerminal(cmd.OutOrStdout())
	for _, m := range members {
		b.rows[m] = rowOf(m)
	}
	return b
}

// isTerminal reports whether written lines can be overwritten.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

func rowOf(m *member) row {
	kind := ""
	switch {
	case m.otp:
		kind = "otp"
	case m.from != "":
		kind = "go"
	}
	return row{kind, m.from, m.reason, m.wave, m.stage, m.pause}
}

// show shows the new stage of a member. Only the goroutine that changes the member may call it.
func (b *board) show(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rows[m] = rowOf(m)
	if b.live {
		b.draw()
		return
	}
	line := fmt.Sprintf("%s: %s", m.peer, m.stage)
	if m.reason != "" {
		line += ": " + m.reason
	}
	fmt.Fprintln(b.cmd.ErrOrStderr(), oneLine(line))
}

// note shows the current action.
func (b *board) note(says string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.says = oneLine(says)
	if b.live {
		b.draw()
	} else {
		fmt.Fprintln(b.cmd.ErrOrStderr(), b.says)
	}
}

func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }

// Control sequences: CUU and ED of ECMA-48, and DECAWM of DEC terminals. While DECAWM is reset, a terminal cuts off a
// line that is too long.
const (
	cursorUp   = "\x1b[%dA\r"
	eraseBelow = "\x1b[J"
	noWrap     = "\x1b[?7l"
	wrap       = "\x1b[?7h"
)

// draw writes the table over the one on the terminal. The caller holds b.mu.
func (b *board) draw() {
	text := b.table() + b.says + "\n"
	var out bytes.Buffer
	if b.drawn > 0 {
		fmt.Fprintf(&out, cursorUp, b.drawn)
	}
	out.WriteString(eraseBelow + noWrap + text + wrap)
	b.drawn = strings.Count(text, "\n")
	_, _ = b.cmd.OutOrStdout().Write(out.Bytes())
}

func (b *board) table() string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tKIND\tWAVE\tFROM\tOUTCOME\tPAUSED\tREASON")
	for _, m := range b.members {
		r := b.rows[m]
		pause := ""
		if r.pause > 0 {
			pause = r.pause.Round(time.Microsecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			m.peer, r.kind, r.waveName(), r.from, r.stage, pause, oneLine(r.reason))
	}
	_ = w.Flush()
	return out.String()
}

func (r row) waveName() string {
	switch {
	case r.wave < 0:
		return ""
	case r.wave == 0:
		return "canary"
	}
	return fmt.Sprint(r.wave)
}

type (
	rolloutJSON struct {
		Vsn   string     `json:"vsn"`
		Nodes []nodeJSON `json:"nodes"`
	}
	nodeJSON struct {
		Node    string `json:"node"`
		Kind    string `json:"kind,omitempty"`
		Wave    *int   `json:"wave,omitempty"` // 0 is the canary
		From    string `json:"from,omitempty"`
		Outcome string `json:"outcome"`
		PauseUs int64  `json:"pause_us"`
		Reason  string `json:"reason,omitempty"`
	}
)

// close writes the outcome.
func (b *board) close(vsn string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.members {
		b.rows[m] = rowOf(m)
	}
	switch {
	case b.format == "json":
		out := rolloutJSON{vsn, []nodeJSON{}}
		for _, m := range b.members {
			r := b.rows[m]
			n := nodeJSON{string(m.peer), r.kind, nil, r.from, strings.ReplaceAll(string(r.stage), " ", "_"),
				r.pause.Microseconds(), r.reason}
			if r.wave >= 0 {
				n.Wave = &r.wave
			}
			out.Nodes = append(out.Nodes, n)
		}
		return printJSON(b.cmd, out)
	case b.live:
		b.says = ""
		b.draw()
		return nil
	}
	_, err := io.WriteString(b.cmd.OutOrStdout(), b.table())
	return err
}
