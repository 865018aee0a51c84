package epmd

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// DumpEntry is one line of the answer to [Dump]: a name that is registered, or one that was and whose creation the EPMD
// still remembers.
type DumpEntry struct {
	Name   string
	Port   uint16
	FD     int // the connection that holds the name: a file descriptor in epmd, a running number in [Server]
	Active bool
}

const (
	dumpActive  = "active name     <"
	dumpOld     = "old/unused name <"
	dumpLineEnd = "\n\x00"
)

// dumpReq asks for all names including those no longer used. EPMD Protocol, "Dump All Data from EPMD".
type dumpReq struct{}

func (dumpReq) append(dst []byte) []byte { return appendFrame(dst, []byte{tagDump}) }

// dumpResp is the port of the EPMD, then a line with a NUL behind it for each name until the connection closes.
type dumpResp struct {
	epmdPort uint32
	entries  []DumpEntry
}

func (m dumpResp) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, m.epmdPort)
	for _, e := range m.entries {
		if e.Active {
			dst = fmt.Appendf(dst, "%s%s> at port %d, fd = %d%s", dumpActive, e.Name, e.Port, e.FD, dumpLineEnd)
		} else {
			dst = fmt.Appendf(dst, "%s%s>, port = %d, fd = %d %s", dumpOld, e.Name, e.Port, e.FD, dumpLineEnd)
		}
	}
	return dst
}

// parseDumpResp passes over lines of another form, as parseNamesResp does.
func parseDumpResp(b []byte) (dumpResp, error) {
	c := &cursor{message: "DUMP_RESP", b: b}
	m := dumpResp{epmdPort: c.u32()}
	for c.err == nil && c.off < len(b) {
		line, ok := c.line(dumpLineEnd)
		if !ok {
			break
		}
		if e, ok := parseDumpLine(line); ok {
			m.entries = append(m.entries, e)
		}
	}
	return m, c.err
}

func parseDumpLine(line string) (e DumpEntry, ok bool) {
	const mark = ", fd = "
	i := strings.LastIndex(line, mark)
	if i < 0 {
		return e, false
	}
	fd, err := strconv.ParseInt(strings.TrimSpace(line[i+len(mark):]), 10, 32)
	if err != nil {
		return e, false
	}
	e.FD = int(fd)
	if e.Name, e.Port, e.Active = splitEntry(line[:i], dumpActive, "> at port "); e.Active {
		return e, true
	}
	e.Name, e.Port, ok = splitEntry(line[:i], dumpOld, ">, port = ")
	return e, ok
}
