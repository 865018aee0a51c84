//go:build unix

package beam

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
)

// OTPRelease returns the release of the erl that StartErl would start, such as 25. It asks that erl.
func OTPRelease(t testing.TB) int {
	t.Helper()
	erl := need(t, gonodetest.LaneErlang, "GONODE_ERL", "erl")
	release, err := otpRelease(erl)
	if err != nil {
		t.Fatalf("asking %s for its release: %v", erl, err)
	}
	return release
}

func otpRelease(erl string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	const ask = `io:put_chars(erlang:system_info(otp_release)), halt().`
	cmd := exec.CommandContext(ctx, erl, "-noinput", "-eval", ask)
	cmd.Env = cleanEnv()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}
