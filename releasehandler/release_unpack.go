package releasehandler

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// Unpack unpacks the package Dir/Name.tar.gz of a release and makes the release known:
// release_handler:unpack_release/1. It returns the version of the release. Files that exist are kept. If it fails, what
// was unpacked so far is deleted again, so that it can be tried once more.
func (h *Handler) Unpack(ctx context.Context, name string) (vsn string, err error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	pack := filepath.Join(h.files.dir, name+".tar.gz")
	if !isPlainName(name) || !h.files.isFile(pack) {
		return "", fileError("no_such_file", pack, nil)
	}
	root, err := os.OpenRoot(h.files.root)
	if err != nil {
		return "", errorWord(posix(err), err)
	}
	defer func() { _ = root.Close() }()
	u := &unpacker{files: h.files, root: root}
	vsn, err = h.unpack(u, name, pack)
	if err != nil {
		u.undo()
		return "", err
	}
	_ = h.files.remove(pack)
	_ = h.files.remove(filepath.Join(h.files.dir, name+".rel"))
	return vsn, nil
}

func (h *Handler) unpack(u *unpacker, name, pack string) (vsn string, err error) {
	if err := u.extract(pack); err != nil {
		return "", err
	}
	relFile := filepath.Join(h.files.dir, name+".rel")
	release, err := h.readRel(relFile, "", nil)
	if err != nil {
		return "", err
	}
	if _, known := h.releaseOf(release.Vsn); known {
		return "", errorOf("existing_release", etf.Charlist(release.Vsn))
	}
	if err := h.keepRel(u, relFile, release.Vsn); err != nil {
		return "", err
	}
	release.Status = StatusUnpacked
	return release.Vsn, h.write(slices.Insert(slices.Clone(h.releases), 0, release))
}

// keepRel copies the .rel file to the release that it is of, where systools:make_tar may have put it already.
func (h *Handler) keepRel(u *unpacker, relFile, vsn string) error {
	to := h.files.inRelease(vsn, filepath.Base(relFile))
	if h.files.isFile(to) {
		return nil
	}
	data, mode, err := h.files.readWithMode(relFile)
	if err == nil {
		err = h.files.mkdirAll(filepath.Dir(to))
	}
	if err == nil {
		err = h.files.writeMode(to, data, mode)
	}
	if err != nil {
		return fileError(posix(err), to, err)
	}
	u.createdElsewhere = append(u.createdElsewhere, to)
	return nil
}

// unpacker unpacks a package and remembers what it has created.
type unpacker struct {
	files            files
	root             *os.Root // nothing is unpacked outside of it, whatever the names in the package say
	created          []string // files and directories below it, in order
	createdElsewhere []string // files elsewhere
}

// extract is erl_tar:extract/2 with keep_old_files.
func (u *unpacker) extract(pack string) error {
	err := u.files.withDir(pack, func(root *os.Root, local string) error {
		f, _, err := openFile(root, local)
		if err != nil {
			return fileError(posix(err), pack, err)
		}
		defer func() { _ = f.Close() }()
		return u.extractAll(f, pack)
	})
	var failed *codechange.Error
	if err != nil && !errors.As(err, &failed) {
		return fileError(posix(err), pack, err)
	}
	return err
}

// extractAll extracts what the text f of a package has in it.
func (u *unpacker) extractAll(f io.Reader, pack string) error {
	z, err := gzip.NewReader(f)
	if err != nil {
		return cannotExtract(pack, err)
	}
	for r := tar.NewReader(z); ; {
		header, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return cannotExtract(pack, err)
		}
		if err := u.extractEntry(r, header); err != nil {
			return cannotExtract(header.Name, err)
		}
	}
}

func cannotExtract(name string, err error) *codechange.Error {
	return &codechange.Error{Reason: etf.Tuple{etf.Atom("cannot_extract_file"), etf.Charlist(name), posix(err)}, Err: err}
}

// extractEntry unpacks a directory or a file; anything else has no place in a release.
func (u *unpacker) extractEntry(r io.Reader, header *tar.Header) error {
	name := filepath.Clean(header.Name)
	switch header.Typeflag {
	case tar.TypeDir:
		return u.mkdir(name)
	case tar.TypeReg:
		return u.writeFile(name, header.FileInfo().Mode().Perm()|0o600, r)
	}
	return fmt.Errorf("an entry of type %q", header.Typeflag)
}

// writeFile writes a file unless there is one.
func (u *unpacker) writeFile(name string, mode fs.FileMode, data io.Reader) error {
	if err := u.mkdir(filepath.Dir(name)); err != nil {
		return err
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	u.created = append(u.created, name)
	_, err = io.Copy(f, data)
	return errors.Join(err, f.Close())
}

// mkdir makes a directory with those above it.
func (u *unpacker) mkdir(name string) error {
	switch {
	case name == ".":
		return nil
	case !filepath.IsLocal(name):
		return errors.New("the name leads out of the installation")
	}
	if info, err := u.root.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := u.mkdir(filepath.Dir(name)); err != nil {
		return err
	}
	if err := u.root.Mkdir(name, 0o755); err != nil {
		return err
	}
	u.created = append(u.created, name)
	return nil
}

func (u *unpacker) undo() {
	for _, name := range slices.Backward(u.created) {
		_ = u.root.Remove(name)
	}
	for _, name := range u.createdElsewhere {
		_ = u.files.remove(name)
	}
}
