package releasehandler

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// maxFile bounds a file that the handler reads into memory. Relups of large releases have some hundred kB.
const maxFile = 16 << 20

// errOutside is the error of a name that leads out of the directories of the handler. Differs from OTP, which reads,
// copies and deletes whatever the user of the node may: here the names come from peers.
var errOutside = errors.New("is outside of the installation (Root, Dir and OtherDirs of the release handler)")

// confinedDirs returns the directories that a handler may use, the deeper ones first, each by the name that it was
// given and by the one without symbolic links.
func confinedDirs(dirs []string) []string {
	var all []string
	for _, dir := range dirs {
		all = append(all, filepath.Clean(dir))
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			all = append(all, real)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}

// openDir opens the directory of the handler that a name lies in. local is the name there; os.Root follows no symbolic
// link out of the directory.
func (f files) openDir(name string) (root *os.Root, local string, err error) {
	path := filepath.Clean(f.path(name))
	for _, dir := range f.dirs {
		if local, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(local) {
			root, err := os.OpenRoot(dir)
			return root, local, err
		}
	}
	return nil, "", &fs.PathError{Op: "open", Path: path, Err: errOutside}
}

// checkConfined tells whether a name lies in a directory of the handler that is there.
func (f files) checkConfined(name string) error {
	return f.withDir(name, func(root *os.Root, local string) error {
		_, err := root.Stat(local)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// withDir calls do with the directory that a name lies in, and the name there.
func (f files) withDir(name string, do func(root *os.Root, local string) error) error {
	root, local, err := f.openDir(name)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return do(root, local)
}

// openFile opens a regular file for reading. Reading a device or a FIFO might never end.
func openFile(root *os.Root, local string) (*os.File, fs.FileInfo, error) {
	info, err := root.Stat(local)
	if err == nil {
		err = regular(local, info)
	}
	if err != nil {
		return nil, nil, err
	}
	file, err := root.OpenFile(local, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a FIFO since
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err == nil {
		err = regular(local, info)
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

func regular(name string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "read", Path: name, Err: syscall.EINVAL}
	}
	return nil
}

// readWithMode reads a regular file of at most maxFile bytes, and returns its permissions, too.
func (f files) readWithMode(name string) (data []byte, mode fs.FileMode, err error) {
	err = f.withDir(name, func(root *os.Root, local string) error {
		file, info, err := openFile(root, local)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		mode = info.Mode().Perm()
		data, err = io.ReadAll(io.LimitReader(file, maxFile+1))
		if err == nil && len(data) > maxFile {
			return &fs.PathError{Op: "read", Path: name, Err: syscall.EFBIG}
		}
		return err
	})
	return data, mode, err
}

func (f files) read(name string) ([]byte, error) {
	data, _, err := f.readWithMode(name)
	return data, err
}

func (f files) stat(name string) (info fs.FileInfo, err error) {
	err = f.withDir(name, func(root *os.Root, local string) error {
		info, err = root.Stat(local)
		return err
	})
	return info, err
}

func (f files) isFile(name string) bool {
	info, err := f.stat(name)
	return err == nil && info.Mode().IsRegular()
}

func (f files) readDir(name string) (entries []fs.DirEntry, err error) {
	err = f.withDir(name, func(root *os.Root, local string) error {
		entries, err = fs.ReadDir(root.FS(), filepath.ToSlash(local))
		return err
	})
	return entries, err
}

func (f files) mkdirAll(name string) error {
	return f.withDir(name, func(root *os.Root, local string) error { return root.MkdirAll(local, 0o755) })
}

func (f files) remove(name string) error {
	return f.withDir(name, func(root *os.Root, local string) error { return root.Remove(local) })
}

func (f files) removeAll(name string) error {
	return f.withDir(name, func(root *os.Root, local string) error { return root.RemoveAll(local) })
}
