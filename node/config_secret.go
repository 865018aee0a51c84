package node

import (
	"fmt"
	"log/slog"
	"maps"
)

// hidden is printed in place of a secret.
const hidden = "[hidden]"

// shownConfig is Config without its methods and without its secrets.
type shownConfig Config

func (c Config) withoutSecrets() shownConfig {
	if c.Cookie != "" {
		c.Cookie = hidden
	}
	c.Cookies = maps.Clone(c.Cookies)
	for peer := range c.Cookies {
		c.Cookies[peer] = hidden
	}
	return shownConfig(c)
}

// Format implements fmt.Formatter: every verb shows the fields, without the cookies.
func (c Config) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), c.withoutSecrets())
}

// LogValue implements slog.LogValuer. It shows no cookie.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", c)) }

// Format implements fmt.Formatter. It prints the name only, because the fields of a node contain its cookie.
func (n *Node) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "node.Node(%s)", string(n.name)) }

// LogValue implements slog.LogValuer. It is the name of the node.
func (n *Node) LogValue() slog.Value { return slog.StringValue(string(n.name)) }
