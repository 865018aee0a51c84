package cookie_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gonode-otp/gonode/node/internal/cookie"
)

// A file that others may read is refused, and nothing that is printed has the secret in it.
func ExampleReadFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "cookie")
	_ = os.WriteFile(file, []byte("SECRET"), 0o400)
	value, err := cookie.ReadFile(file)
	fmt.Println(value, err)
	_ = os.Chmod(file, 0o444)
	_, err = cookie.ReadFile(file)
	fmt.Println(err.(*cookie.Error).Reason)
	// Output:
	// SECRET <nil>
	// has mode 0444, must be accessible by its owner only: chmod 400
}
