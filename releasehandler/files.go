package releasehandler

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/gonode-otp/gonode/etf"
)

// files are the files of a release handler, with the errors of OTP.
type files struct {
	root string   // code:root_dir(): what relative names are relative to
	dir  string   // where RELEASES is
	dirs []string // whose files the handler may use, see confined
}

func (f files) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.root, name)
}

// inRelease returns a name within the directory of a release.
func (f files) inRelease(vsn, name string) string { return filepath.Join(f.dir, vsn, name) }

// consult reads the one term of a file. The error is a *codechange.Error with {Word, File} if the file cannot be read
// or has something else in it; in that case Word is bad. missing says that there is no such file.
func (f files) consult(name string, bad etf.Atom) (t etf.Term, missing bool, err error) {
	src, err := f.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, fileError(posix(err), name, err)
	}
	terms, err := etf.Consult(name, src)
	if err != nil || len(terms) != 1 {
		return nil, false, fileError(bad, name, err)
	}
	return terms[0], false, nil
}

// write replaces a file in one step: after a crash there is the old one or the new one. A file that is there keeps its
// permissions.
func (f files) write(name string, data []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := f.stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	return f.writeMode(name, data, mode)
}

// writeMode is write with permissions.
func (f files) writeMode(name string, data []byte, mode fs.FileMode) error {
	r, err := f.prepare(name, data, mode)
	if err != nil {
		return err
	}
	return r.commit()
}

// maxLinks is how many symbolic links lead to a file at most, as for the system.
const maxLinks = 40

// ownFile opens a file of the handler itself, such as RELEASES, for reading and writing through the files that it
// returns. An operator may have replaced it by a symbolic link: the directory of the target counts as one of the
// handler's, for this use alone.
func (f files) ownFile(name string) (own files, path string) {
	path = f.linkTarget(name)
	f.dirs = append([]string{filepath.Dir(path)}, f.dirs...)
	return f, path
}

// linkTarget returns the file that a symbolic link leads to.
func (f files) linkTarget(name string) string {
	path := f.path(name)
	for range maxLinks {
		link, err := os.Readlink(path)
		if err != nil {
			return path
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return path
}

// replacement is a temporary file beside the one that it is to replace. Its space on the disk is allocated.
type replacement struct {
	root      *os.Root // until commit or discard
	tmp, name string
}

// prepare writes the replacement of a file.
func (f files) prepare(name string, data []byte, mode fs.FileMode) (*replacement, error) {
	root, local, err := f.openDir(name)
	if err != nil {
		return nil, err
	}
	r := &replacement{root, local + "." + strconv.FormatUint(rand.Uint64(), 36) + ".new", local}
	tmp, err := root.OpenFile(r.tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		r.discard()
		return nil, err
	}
	return r, nil
}

func (r *replacement) commit() error {
	if err := r.root.Rename(r.tmp, r.name); err != nil {
		r.discard()
		return err
	}
	defer func() { _ = r.root.Close() }()
	return syncDir(r.root, filepath.Dir(r.name))
}

func (r *replacement) discard() {
	_ = r.root.Remove(r.tmp)
	_ = r.root.Close()
}

// syncDir makes sure that a rename survives a crash of the machine.
func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // not every file system knows that for directories
	}
	return errors.Join(err, d.Close())
}

// posix is the word of OTP's file module for an error.
func posix(err error) etf.Atom {
	var no syscall.Errno
	if errors.As(err, &no) {
		if word, ok := posixWords[no]; ok {
			return word
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "enoent"
	case errors.Is(err, fs.ErrPermission):
		return "eacces"
	case errors.Is(err, fs.ErrExist):
		return "eexist"
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.LinkError)):
		return "eacces" // not the system refuses it but os.Root: the name leads out of the directory
	}
	return "eio"
}

var posixWords = map[syscall.Errno]etf.Atom{
	syscall.ENOENT: "enoent", syscall.EACCES: "eacces", syscall.EPERM: "eperm", syscall.EEXIST: "eexist",
	syscall.ENOTDIR: "enotdir", syscall.EISDIR: "eisdir", syscall.ENOSPC: "enospc", syscall.EROFS: "erofs",
	syscall.EMFILE: "emfile", syscall.ENFILE: "enfile", syscall.EIO: "eio", syscall.EINVAL: "einval",
	syscall.ENAMETOOLONG: "enametoolong", syscall.ENOTEMPTY: "enotempty", syscall.EBUSY: "ebusy", syscall.ELOOP: "eloop",
	syscall.EFBIG: "efbig", syscall.EDQUOT: "edquot",
}
