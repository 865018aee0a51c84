package tracker_test

import (
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// showRow writes a row of a shard so that equal ones are written the same: the pairs of a map have no order.
func showRow(t etf.Term) string {
	switch t := t.(type) {
	case etf.Tuple:
		parts := make([]string, len(t))
		for i, e := range t {
			parts[i] = showRow(e)
		}
		return "{" + strings.Join(parts, ",") + "}"
	case etf.Map:
		parts := make([]string, len(t))
		for i, p := range t {
			parts[i] = showRow(p.Key) + "=>" + showRow(p.Value)
		}
		slices.Sort(parts)
		return "#{" + strings.Join(parts, ",") + "}"
	case etf.Pid:
		return string(t.Node) + t.String()
	}
	return etf.Format(t)
}

func joinSorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
