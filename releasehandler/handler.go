package releasehandler

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/codechange"
)

// Handler is the release handler of a node: it knows the releases, and changes the node from one to another. It answers
// what release_handler of OTP answers, see Request and Functions. It may be used from any goroutine; changes are made
// one after the other.
type Handler struct {
	config   Config
	files    files
	changing chan struct{} // holds a value while nobody changes anything

	mu           sync.Mutex
	releases     []Release
	previous     string                // the release that ran before the current one
	unpurged     []codechange.Unpurged // until MakePermanent
	replacedLibs []codechange.Lib      // of applications that were changed without a release
	attempt      Attempt
	under        *underWay // nil if nothing is
}

// Config says what a Handler works with.
type Config struct {
	Host     codechange.Host
	Versions *codechange.Versions
	// Root is the directory of the installation, code:root_dir(); names of files in releases are relative to it. "" is the
	// working directory.
	Root string
	// Dir is where the file RELEASES is and what belongs to each release, relative to Root. "" is "releases".
	Dir string
	// OtherDirs are directories, relative to Root, whose files the handler may read, write and delete besides those of
	// Root and Dir; none by default. All other files are refused, because any node that can call this one chooses the
	// names of files.
	OtherDirs []string
	// Name and Vsn are those of the release that runs if there is no file RELEASES: init:script_id().
	Name, Vsn string
	// Options are those of each installation that does not say otherwise.
	Options codechange.Options
	// Applications is the node's own idea of its applications; nil means that there is none.
	Applications Applications
}

// New reads the file RELEASES and makes the modules of the permanent release current. Without such a file the
// release of the configuration is the permanent one, with all applications that are linked, in the versions that are
// current. The error is a *ReleasesError if the file is broken, a *VersionError if the program lacks code of the
// permanent release, or what the system says about the file.
func New(config Config) (*Handler, error) {
	if config.Root == "" {
		config.Root = "."
	}
	if config.Dir == "" {
		config.Dir = "releases"
	}
	root, err := filepath.Abs(config.Root)
	if err != nil {
		return nil, err
	}
	h := &Handler{config: config, files: files{root: root}, changing: make(chan struct{}, 1)}
	h.files.dir = h.files.path(config.Dir)
	h.files.dirs = []string{root, h.files.dir}
	for _, dir := range config.OtherDirs {
		h.files.dirs = append(h.files.dirs, h.files.path(dir))
	}
	h.files.dirs = confinedDirs(h.files.dirs)
	h.changing <- struct{}{}
	if err := h.boot(); err != nil {
		return nil, err
	}
	return h, nil
}

// boot is init/1 of release_handler.erl.
func (h *Handler) boot() error {
	file := filepath.Join(h.files.dir, "RELEASES")
	own, target := h.files.ownFile(file)
	src, err := own.read(target)
	if errors.Is(err, fs.ErrNotExist) {
		h.releases = []Release{{Name: h.config.Name, Vsn: h.config.Vsn, Libs: h.currentLibs(), Status: StatusPermanent}}
		return nil
	}
	if err != nil {
		return err
	}
	if h.releases, err = ParseReleases(file, src); err != nil {
		return err
	}
	for i := range h.releases {
		if s := h.releases[i].Status; s == statusTmpCurrent || s == StatusCurrent {
			h.releases[i].Status = StatusUnpacked
		}
	}
	running, ok := h.runningRelease()
	if !ok {
		return &ReleasesError{File: file, Why: "has no permanent release"}
	}
	return h.config.Versions.CodeServer().Boot(appVsns(running.Libs))
}

// currentLibs are the applications of the program, each in the version whose modules are current.
func (h *Handler) currentLibs() []codechange.Lib {
	var libs []codechange.Lib
	for _, app := range h.config.Versions.Applications() {
		if h.config.Versions.CodeServer().IsCurrent(app) {
			libs = slices.DeleteFunc(libs, func(l codechange.Lib) bool { return l.App == app.Name })
			libs = append(libs, codechange.Lib{App: app.Name, Vsn: app.Vsn, Dir: "lib/" + string(app.Name) + "-" + app.Vsn})
		}
	}
	return libs
}

func appVsns(libs []codechange.Lib) []codechange.AppVsn {
	apps := make([]codechange.AppVsn, len(libs))
	for i, l := range libs {
		apps[i] = codechange.AppVsn{App: l.App, Vsn: l.Vsn}
	}
	return apps
}

// runningRelease is the release that runs: get_latest_release/1.
func (h *Handler) runningRelease() (Release, bool) {
	for _, status := range []Status{StatusCurrent, StatusPermanent} {
		for _, r := range h.releases {
			if r.Status == status {
				return r, true
			}
		}
	}
	return Release{}, false
}

func (h *Handler) releaseOf(vsn string) (Release, bool) {
	for _, r := range h.releases {
		if r.Vsn == vsn {
			return r, true
		}
	}
	return Release{}, false
}

// Releases returns what the handler knows, the release that came last first: release_handler:which_releases/0.
func (h *Handler) Releases() []Release {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.releases)
}

// Running returns the release that runs.
func (h *Handler) Running() Release {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, _ := h.runningRelease()
	return r
}

// lock waits until no other change is under way. The error is a *waitError if ctx ends before.
func (h *Handler) lock(ctx context.Context) (unlock func(), err error) {
	if ctx.Err() != nil {
		return nil, &waitError{context.Cause(ctx)}
	}
	select {
	case <-h.changing:
		return func() { h.changing <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, &waitError{context.Cause(ctx)}
	}
}

// write writes releases to the disk and makes them those of the handler.
func (h *Handler) write(releases []Release) error {
	own, file := h.files.ownFile(filepath.Join(h.files.dir, "RELEASES"))
	if err := own.write(file, FormatReleases(releases)); err != nil {
		return &codechange.Error{Reason: posix(err), Err: err}
	}
	h.set(releases)
	return nil
}

func (h *Handler) set(releases []Release) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.releases = releases
}
