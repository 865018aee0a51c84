package releasehandler

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// MakePermanent makes the current release the one that the node starts with: release_handler:make_permanent/1. The
// file start_erl.data names it, too. If processes still run an older version of a module whose script says
// brutal_purge, see Report.Unpurged, it fails with {error, {old_processes, [{Module, [Pid]}]}}:
// MakePermanentAndPurge ends them.
func (h *Handler) MakePermanent(ctx context.Context, vsn string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return h.makePermanent(vsn, false)
}

func (h *Handler) makePermanent(vsn string, purge bool) error {
	release, known := h.releaseOf(vsn)
	switch {
	case !known:
		return noSuchRelease(vsn)
	case release.Status == StatusPermanent:
		return nil
	case release.Status != StatusCurrent:
		return errorOf("bad_status", etf.Atom(release.Status))
	}
	if !purge {
		if err := h.refusePurge(); err != nil {
			return err
		}
	}
	if err := h.setPermanent(release); err != nil {
		return err
	}
	h.brutalPurge()
	return nil
}

// setPermanent makes a release permanent in RELEASES and start_erl.data, or in neither of them.
func (h *Handler) setPermanent(release Release) error {
	file := filepath.Join(h.files.dir, "start_erl.data")
	own, target := h.files.ownFile(file)
	start, err := own.prepare(target, []byte(release.Erts+" "+release.Vsn), 0o644)
	if err != nil {
		return fileError(posix(err), file, err)
	}
	before := h.releases
	if err := h.write(setStatus(release.Vsn, StatusPermanent, before)); err != nil {
		start.discard()
		return err
	}
	if err := start.commit(); err != nil {
		return fileError(posix(err), file, errors.Join(err, h.write(before)))
	}
	return nil
}

// RebootOld goes back to an old release and makes it permanent: release_handler:reboot_old_release/1. Differs from OTP,
// which restarts the node: here the script for the way down brings the servers there, with their states. If servers
// keep a newer version, the release runs but is not permanent, and the error is that of MakePermanent.
func (h *Handler) RebootOld(ctx context.Context, vsn string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	release, known := h.releaseOf(vsn)
	switch {
	case !known:
		return noSuchRelease(vsn)
	case release.Status != StatusOld:
		return errorOf("bad_status", etf.Atom(release.Status))
	}
	if _, err := h.install(ctx, vsn, h.config.Options); err != nil {
		return err
	}
	return h.makePermanent(vsn, false)
}

// SetUnpacked makes a release known whose files were put in their places by other means:
// release_handler:set_unpacked/2. relFile is its .rel file. libs says where applications are that are not in Root/lib:
// each Dir has a directory App-Vsn. It returns the version of the release.
func (h *Handler) SetUnpacked(ctx context.Context, relFile string, libs []codechange.Lib) (vsn string, err error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	release, err := h.readRel(relFile, h.files.root, libs)
	if err != nil {
		return "", err
	}
	if _, known := h.releaseOf(release.Vsn); known {
		return "", errorOf("existing_release", etf.Charlist(release.Vsn))
	}
	if err := h.files.mkdirAll(filepath.Join(h.files.dir, release.Vsn)); err != nil {
		return "", errorWord(posix(err), err)
	}
	release.Status = StatusUnpacked
	return release.Vsn, h.write(slices.Insert(slices.Clone(h.releases), 0, release))
}

// CreateReleases writes a file RELEASES to dir with one release, which is permanent: that of the file relFile. If root
// is not empty the directories of its libraries are below it; else they are relative.
// release_handler:create_RELEASES/4.
func (h *Handler) CreateReleases(root, dir, relFile string, libs []codechange.Lib) error {
	release, err := h.readRel(relFile, root, libs)
	if err != nil {
		return err
	}
	release.Status = StatusPermanent
	if err := h.files.write(dir+"/RELEASES", FormatReleases([]Release{release})); err != nil {
		return errorWord(posix(err), err)
	}
	return nil
}

// readRel reads a .rel file: check_rel/4. root is "" for libraries whose names stay relative.
func (h *Handler) readRel(file, root string, libs []codechange.Lib) (Release, error) {
	t, missing, err := h.files.consult(file, "bad_rel_file")
	switch {
	case missing:
		return Release{}, fileError("enoent", file, nil)
	case err != nil:
		return Release{}, err
	}
	r := Release{}
	rel, _ := t.(etf.Tuple)
	if len(rel) != 4 || !etf.IsAtom(rel[0], "release") {
		return r, errorOf("bad_rel_data", t)
	}
	var ok1, ok2, ok3 bool
	if id, _ := rel[1].(etf.Tuple); len(id) == 2 {
		r.Name, ok1 = etf.AsCharlist(id[0])
		r.Vsn, ok2 = etf.AsCharlist(id[1])
	}
	if erts, _ := rel[2].(etf.Tuple); len(erts) == 2 && etf.IsAtom(erts[0], "erts") {
		r.Erts, ok3 = etf.AsCharlist(erts[1])
	}
	apps, ok4 := rel[3].(etf.List)
	if !ok1 || !ok2 || !ok3 || !ok4 || !isPlainName(r.Vsn) {
		return r, errorOf("bad_rel_data", t)
	}
	for _, a := range apps {
		l, err := h.relLib(a, root, libs)
		if err != nil {
			return r, err
		}
		if l == nil {
			return r, errorOf("bad_rel_data", t)
		}
		r.Libs = append(r.Libs, *l)
	}
	return r, nil
}

// relLib finds the directory of an application in a .rel file; nil means that t is none.
func (h *Handler) relLib(t etf.Term, root string, libs []codechange.Lib) (*codechange.Lib, error) {
	tuple, _ := t.(etf.Tuple)
	if len(tuple) < 2 {
		return nil, nil
	}
	app, ok1 := tuple[0].(etf.Atom)
	vsn, ok2 := etf.AsCharlist(tuple[1])
	if !ok1 || !ok2 || !isPlainName(string(app)) || !isPlainName(vsn) {
		return nil, nil
	}
	name := string(app) + "-" + vsn
	for _, l := range libs {
		if l.App != app {
			continue
		}
		dir := filepath.Join(l.Dir, name)
		switch info, err := h.files.stat(dir); {
		case errors.Is(err, errOutside):
			return nil, fileError(posix(err), dir, err)
		case err != nil:
			return nil, fileError("no_such_directory", dir, err)
		case !info.IsDir():
			return nil, fileError("not_a_directory", dir, nil)
		}
		return &codechange.Lib{App: app, Vsn: vsn, Dir: dir}, nil
	}
	if root == "" {
		return &codechange.Lib{App: app, Vsn: vsn, Dir: filepath.Join("lib", name)}, nil
	}
	return &codechange.Lib{App: app, Vsn: vsn, Dir: filepath.Join(root, "lib", name)}, nil
}

// isPlainName tells whether a name is that of a file in a directory and leads nowhere else.
func isPlainName(name string) bool {
	return name != "" && name != "." && name != ".." && filepath.Base(name) == name && filepath.IsLocal(name)
}

// InstallFile copies a file into the directory of a release: release_handler:install_file/2. The copy keeps the
// permissions of the file. Differs from OTP, whose copy has those of any new file, so that others may read what was not
// for them.
func (h *Handler) InstallFile(ctx context.Context, vsn, file string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, known := h.releaseOf(vsn); !known {
		return noSuchRelease(vsn)
	}
	data, mode, err := h.files.readWithMode(file)
	if err != nil {
		return fileError(posix(err), file, err)
	}
	to := h.files.inRelease(vsn, filepath.Base(file))
	if err := h.files.writeMode(to, data, mode); err != nil {
		return fileError(posix(err), to, err)
	}
	return nil
}

// SetRemoved forgets a release and deletes nothing: release_handler:set_removed/1.
func (h *Handler) SetRemoved(ctx context.Context, vsn string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	_, rest, err := h.splitRelease(vsn)
	if err != nil {
		return err
	}
	return h.write(rest)
}

// Remove forgets a release and deletes the directories that no other release uses: release_handler:remove_release/1. It
// forgets first, so that a release that is half deleted cannot be installed; OTP deletes first. Directories that do not
// exist are passed over. If one is outside of the installation, nothing is forgotten or deleted; SetRemoved forgets
// such a release.
func (h *Handler) Remove(ctx context.Context, vsn string) error {
	unlock, err := h.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	release, rest, err := h.splitRelease(vsn)
	if err != nil {
		return err
	}
	dirs := []string{filepath.Join(h.files.dir, vsn)}
	for _, l := range release.Libs {
		if !slices.ContainsFunc(rest, func(r Release) bool { return r.hasLib(l) }) {
			dirs = append(dirs, l.Dir)
		}
	}
	for _, dir := range dirs {
		if err := h.files.checkConfined(dir); err != nil {
			return fileError(posix(err), dir, err)
		}
	}
	if err := h.write(rest); err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := h.files.removeAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errorWord(posix(err), err)
		}
	}
	return nil
}

func (r Release) hasLib(l codechange.Lib) bool {
	return slices.ContainsFunc(r.Libs, func(o codechange.Lib) bool { return o.App == l.App && o.Vsn == l.Vsn })
}

// splitRelease returns a release that may be removed, and all others.
func (h *Handler) splitRelease(vsn string) (Release, []Release, error) {
	release, known := h.releaseOf(vsn)
	running, _ := h.runningRelease()
	switch {
	case !known:
		return release, nil, noSuchRelease(vsn)
	case release.Status == StatusPermanent:
		return release, nil, errorOf("permanent", etf.Charlist(vsn))
	case running.Vsn == vsn:
		// Differs from OTP, which forgets and deletes the release that it runs.
		return release, nil, errorOf("bad_status", etf.Atom(release.Status))
	}
	rest := slices.DeleteFunc(slices.Clone(h.releases), func(r Release) bool { return r.Vsn == vsn })
	return release, rest, nil
}
