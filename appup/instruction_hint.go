package appup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// forms are the instructions as they are written.
var forms = map[etf.Atom][]string{
	"update": {"{update, Mod}", "{update, Mod, supervisor}", "{update, Mod, Change}", "{update, Mod, [Dep]}",
		"{update, Mod, Change, [Dep]}",
		"{update, Mod, Change, Pre, Post, [Dep]}", "{update, Mod, Timeout, Change, Pre, Post, [Dep]}",
		"{update, Mod, ModType, Timeout, Change, Pre, Post, [Dep]}"},
	"load_module":         {"{load_module, Mod}", "{load_module, Mod, [Dep]}", "{load_module, Mod, Pre, Post, [Dep]}"},
	"add_module":          {"{add_module, Mod}", "{add_module, Mod, [Dep]}"},
	"delete_module":       {"{delete_module, Mod}", "{delete_module, Mod, [Dep]}"},
	"add_application":     {"{add_application, App}", "{add_application, App, Type}"},
	"remove_application":  {"{remove_application, App}"},
	"restart_application": {"{restart_application, App}"},
	"load_object_code":    {"{load_object_code, {App, Vsn, [Mod]}}"},
	"load":                {"{load, {Mod, Pre, Post}}"},
	"remove":              {"{remove, {Mod, Pre, Post}}"},
	"purge":               {"{purge, [Mod]}"},
	"suspend":             {"{suspend, [Mod]}", "{suspend, [{Mod, Timeout}]}"},
	"resume":              {"{resume, [Mod]}"},
	"code_change": {"{code_change, [{Mod, Extra}]}", "{code_change, up, [{Mod, Extra}]}",
		"{code_change, down, [{Mod, Extra}]}"},
	"stop":       {"{stop, [Mod]}"},
	"start":      {"{start, [Mod]}"},
	"sync_nodes": {"{sync_nodes, Id, [Node]}", "{sync_nodes, Id, {M, F, A}}"},
	"apply":      {"{apply, {M, F, A}}"},

	"point_of_no_return": {"point_of_no_return"}, "restart_new_emulator": {"restart_new_emulator"},
	"restart_emulator": {"restart_emulator"},
}

// instructionHint says what is wrong with a term that is no instruction.
func instructionHint(t etf.Term) string {
	word := wordOf(t)
	if known, ok := forms[word]; ok {
		return fmt.Sprintf("%s is no instruction; there is %s", show(t), strings.Join(known, ", "))
	}
	text := show(t) + " is no instruction"
	if near := nearest(string(word)); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text
}

// nearest returns the known word that is at most two letters away, or "".
func nearest(word string) string {
	best, distance := "", 3
	names := make([]string, 0, len(forms))
	for known := range forms {
		names = append(names, string(known))
	}
	slices.Sort(names)
	for _, known := range names {
		if d := letters(word, known); d < distance {
			best, distance = known, d
		}
	}
	return best
}

// letters counts the letters that have to be put in, taken out or changed to make b of a. Long words are far from
// everything.
func letters(a, b string) int {
	if len(a) > 40 || a == "" {
		return len(a) + len(b) + 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(last+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
