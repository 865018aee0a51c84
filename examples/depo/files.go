package depo

import (
	"embed"
	"io/fs"
	"os"
)

//go:embed root
var root embed.FS

// WriteFiles writes the files of the three releases into the directory dir, for the release handler of a node.
func WriteFiles(dir string) error {
	files, err := fs.Sub(root, "root")
	if err != nil {
		return err
	}
	return os.CopyFS(dir, files)
}
