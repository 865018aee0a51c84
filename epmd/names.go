package epmd

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// Entry is one line of the answer to [Names].
type Entry struct {
	Name string // the part before the @ of the node name
	Port uint16
}

// namesReq asks for all names. EPMD Protocol, "Get All Registered Names from EPMD".
type namesReq struct{}

func (namesReq) append(dst []byte) []byte { return appendFrame(dst, []byte{tagNames}) }

// namesResp is the port of the EPMD, then a line for each name until the connection closes.
type namesResp struct {
	epmdPort uint32
	entries  []Entry
}

func (m namesResp) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, m.epmdPort)
	for _, e := range m.entries {
		dst = append(dst, "name "...)
		dst = append(dst, e.Name...)
		dst = append(dst, " at port "...)
		dst = strconv.AppendUint(dst, uint64(e.Port), 10)
		dst = append(dst, '\n')
	}
	return dst
}

// parseNamesResp passes over lines of another form, as erl_epmd does: they come from names that hold a line break.
func parseNamesResp(b []byte) (namesResp, error) {
	c := &cursor{message: "NAMES_RESP", b: b}
	m := namesResp{epmdPort: c.u32()}
	for c.err == nil && c.off < len(b) {
		line, ok := c.line("\n")
		if !ok {
			break
		}
		if name, port, ok := splitEntry(line, "name ", " at port "); ok {
			m.entries = append(m.entries, Entry{name, port})
		}
	}
	return m, c.err
}

// line returns the text up to the next end mark and passes over both. A text without one was cut off.
func (c *cursor) line(end string) (string, bool) {
	n := bytes.Index(c.b[c.off:], []byte(end))
	if n < 0 {
		c.fail("the last line is cut off")
		return "", false
	}
	text := string(c.bytes(n))
	c.bytes(len(end))
	return text, true
}

// splitEntry takes "<before>Name<between>Port" apart. A name may hold blanks, so the last <between> counts.
func splitEntry(line, before, between string) (name string, port uint16, ok bool) {
	rest, ok := strings.CutPrefix(line, before)
	if !ok {
		return "", 0, false
	}
	i := strings.LastIndex(rest, between)
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(rest[i+len(between):], 10, 16)
	return rest[:i], uint16(n), err == nil
}
