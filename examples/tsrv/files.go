package tsrv

import (
	"embed"
	"io/fs"
	"os"
)

//go:embed root
var root embed.FS

// WriteFiles writes the files of the three releases, with two PO files in texts/default, into the directory dir.
func WriteFiles(dir string) error {
	files, err := fs.Sub(root, "root")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, files)
}
