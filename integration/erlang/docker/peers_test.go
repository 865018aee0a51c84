package docker

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePeersAreTheServicesOfTheComposeFile(t *testing.T) {
	text, err := os.ReadFile("../../../docker-compose.yml")
	require.NoError(t, err)
	found := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^  (\w+):\n    <<: \*otp\n    image: \$\{\w+:-([^}]+)\}`).FindAllStringSubmatch(string(text), -1) {
		found[m[1]] = m[2]
	}
	want := make(map[string]string)
	for _, p := range Peers() {
		want[p.Service] = p.Image
		require.NotEmpty(t, p.Suite, p.Service)
	}
	require.Equal(t, want, found)
	require.Len(t, want, 5)
}
