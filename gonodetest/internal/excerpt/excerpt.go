// Package excerpt shortens texts for the messages of failed tests.
package excerpt

import "strings"

// Tail returns the last 20 lines of a text.
func Tail(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > 20 {
		lines = append([]string{"..."}, lines[len(lines)-20:]...)
	}
	return strings.Join(lines, "\n")
}

// Head returns the first 200 characters of a text.
func Head(text string) string {
	const most = 200
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}
