package tsrv

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPOFileIsRead(t *testing.T) {
	text, err := os.ReadFile("root/texts/default/de.po")
	require.NoError(t, err)
	c, err := parsePO(string(text))
	require.NoError(t, err)
	require.Equal(t, "de", c.language)
	require.Equal(t, map[message]string{{id: "Hello"}: "Hallo", {id: "~B file"}: "~B Datei",
		{context: "menu", id: "Save", hasContext: true}: "Speichern"}, c.texts)
}

func TestStringsOfAPOFileContinue(t *testing.T) {
	c, err := parsePO("msgid \"\"\n\"a\\n\"\n  \"b\"\nmsgstr \"c\\t\"\n\"\\\"d\\\\\"\r\n#~ msgid \"x\"\n" +
		"#~ msgstr \"y\"\nmsgctxt \"\"\nmsgid \"e\"\nmsgstr \"f\"")
	require.NoError(t, err)
	require.Equal(t, map[message]string{{id: "a\nb"}: "c\t\"d\\", {id: "e", hasContext: true}: "f"}, c.texts)
}

func TestWhatIsNoPOFileIsToldWithItsLine(t *testing.T) {
	for text, line := range map[string]int{
		"\nmsgid Hello": 2, "\"x\"": 1, "msgid \"a": 1, "msgid \"a\\q\"": 1, "msgid": 1, "msgid 'a'": 1, "msgid `a`": 1,
		"msgid \"a\"\nmsgstr \"b\"\nmsgother \"c\"": 3, "\x00\xff": 1, "msgid \"a\" \"b\"": 1,
	} {
		_, err := parsePO(text)
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, text)
		require.Equal(t, line, syntax.Line, text)
	}
}

func FuzzParsePO(f *testing.F) {
	for _, name := range []string{"de", "en"} {
		text, err := os.ReadFile("root/texts/default/" + name + ".po")
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add("msgid\nmsgstr[")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parsePO(text)
		if err != nil {
			require.Empty(t, c.texts)
		}
	})
}
