package excerpt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTailOfALog(t *testing.T) {
	require.Equal(t, "a\nb", Tail("a\nb\n"))
	long := Tail(strings.Repeat("x\n", 30))
	require.Equal(t, "...\n"+strings.Repeat("x\n", 19)+"x", long)
}

func TestTheHeadOfALongTextEndsAtACharacter(t *testing.T) {
	require.Equal(t, "ü", Head("ü"))
	require.Equal(t, strings.Repeat("ü", 200)+"...", Head(strings.Repeat("ü", 201)))
}
