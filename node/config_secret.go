package node

import (
	"fmt"
	"log/slog"
	"maps"
)

// hidden stands for a secret where something is printed.
const hidden = "[hidden]"

// shownConfig is Config without its methods, and with no secret in it.
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

// Format implements fmt.Formatter: every verb shows the fields, and none of them a cookie.
func (c Config) Format(s fmt.State, verb rune) {
	_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), c.withoutSecrets())
}

// LogValue implements slog.LogValuer. It shows no cookie.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", c)) }

// Format implements fmt.Formatter: a node is shown by its name, for what it consists of has its cookie in it.
func (n *Node) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "node.Node(%s)", string(n.name)) }

// LogValue implements slog.LogValuer: the name.
func (n *Node) LogValue() slog.Value { return slog.StringValue(string(n.name)) }
