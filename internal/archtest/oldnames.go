package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"unicode"
)

// oldNames are private words that this code once used, and the words that replaced them. A name must not contain one
// of them as a word: letGo, peerLetGo and letGoOfAll all contain letGo.
var oldNames = []struct{ words, instead string }{
	{"let go", "yield, as in yieldReader"},
	{"errand", "request, clientFunc or SystemFunc, by what it is"},
	{"burden", "slowScore"},
	{"bodiless", "pidOnly"},
	{"newcomer", "startedDuring"},
	{"going on", "resuming"},
	{"going back", "reverting"},
	{"went on", "resumed"},
	{"fate called", "fateCancelled"},
	{"app way", "appTransition"},
	{"way up", "upTransition"},
	{"strangers", "pendingHandshakes"},
	{"bender", "FaultProxy"},
}

// oldNamesIn are the folders that may still have old names.
var oldNamesIn []string

// checkOldNames looks for old names among those that a file of Go declares or uses. The name of a test is a sentence
// and may say what it likes.
func checkOldNames(s *source) []Problem {
	if s.file == nil || s.under(oldNamesIn) {
		return nil
	}
	var problems []Problem
	ast.Inspect(s.file, func(n ast.Node) bool {
		name, ok := n.(*ast.Ident)
		if !ok || strings.HasPrefix(name.Name, "Test") {
			return true
		}
		words := wordsOf(name.Name)
		for _, old := range oldNames {
			if containsWords(words, strings.Fields(old.words)) {
				problems = append(problems, s.problem(name.Pos(), "the name %s: %q has no meaning in Erlang or Go; say %s",
					name.Name, old.words, old.instead))
			}
		}
		return true
	})
	return problems
}

// wordsOf splits a Go name into its words in small letters.
func wordsOf(name string) []string {
	var words []string
	start, runes := 0, []rune(name)
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) || runes[i] == '_' {
			words = append(words, strings.ToLower(strings.Trim(string(runes[start:i]), "_")))
			start = i
		}
	}
	return words
}

func containsWords(words, part []string) bool {
	for i := 0; i+len(part) <= len(words); i++ {
		if slices.Equal(words[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
