//go:build unix

package beam_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(abandonEnv) != "" {
		abandon() // does not return: see abandon_test.go
	}
	goleak.VerifyTestMain(m)
}
