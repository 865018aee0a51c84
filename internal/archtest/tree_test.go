package archtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheTreeKeepsItsRules is the one that guards the module; all the others guard this one.
func TestTheTreeKeepsItsRules(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "go.mod"))
	problems, err := Check(os.DirFS(root))
	require.NoError(t, err)
	for _, p := range problems {
		if p.Advice {
			t.Logf("worth a look: %s", p)
		} else {
			t.Errorf("%s", p)
		}
	}
}
