package releasehandler

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Applications are the applications of a node, with their configuration.
type Applications interface {
	// Running returns those that run: application:which_applications/0.
	Running(ctx context.Context) ([]codechange.AppVsn, error)
	// Change gives the applications new versions, descriptions and configuration: specs are the contents of their .app
	// files, {application, Name, Keys}, and config that of sys.config. What was set at run time stays.
	// application_controller:change_application_data/2.
	Change(specs []etf.Term, config etf.Term) (AppChange, error)
}

// AppChange is what Applications.Change has done.
type AppChange struct {
	// Undo takes it back.
	Undo func()
	// Announce tells each application that runs how its configuration has changed, and returns their objections.
	// application_controller:config_change/1.
	Announce func(ctx context.Context) []string
}

// changeApplications gives the applications of the node their new versions and configuration. A file sys.config that
// cannot be read is an error; OTP goes on without it.
func (h *Handler) changeApplications(libs []codechange.Lib, configFile string) (AppChange, error) {
	if h.config.Applications == nil {
		return AppChange{func() {}, func(context.Context) []string { return nil }}, nil
	}
	specs, config, err := h.readAppFiles(libs, configFile)
	if err != nil {
		return AppChange{}, err
	}
	change, err := h.config.Applications.Change(specs, config)
	if err != nil {
		return AppChange{}, errorOf("EXIT",
			etf.Tuple{etf.Atom("change_appl_data"), genserv.ExitReason(err)})
	}
	return change, nil
}

// readAppFiles reads the .app files of applications, as far as there are any, and the file sys.config.
func (h *Handler) readAppFiles(libs []codechange.Lib, configFile string) (specs []etf.Term, config etf.Term,
	err error) {
	for _, l := range libs {
		spec, missing, err := h.files.consult(h.appFile(l), "bad_app_file")
		if errors.Is(err, errOutside) && !h.config.Versions.HasApplication(l.App) {
			continue // such as kernel, in the directory of an OTP that the program has nothing to do with
		}
		if err != nil {
			return nil, nil, err
		}
		if !missing {
			specs = append(specs, spec)
		}
	}
	config, missing, err := h.files.consult(configFile, "bad_config_file")
	if missing {
		config = etf.List{}
	}
	return specs, config, err
}

// Resource returns what the running release says about an application: the content of its .app file, nil if there is
// none, and that of sys.config. The error is an *Error if a file cannot be read.
func (h *Handler) Resource(app etf.Atom) (spec, config etf.Term, err error) {
	running := h.Running()
	at := slices.IndexFunc(running.Libs, func(l codechange.Lib) bool { return l.App == app })
	if at < 0 {
		return nil, nil, nil
	}
	specs, config, err := h.readAppFiles(running.Libs[at:at+1], h.files.inRelease(running.Vsn, "sys.config"))
	if err != nil || len(specs) == 0 {
		return nil, nil, err
	}
	return specs[0], config, nil
}

// appFile is the .app file of an application.
func (h *Handler) appFile(l codechange.Lib) string {
	return filepath.Join(l.Dir, "ebin", string(l.App)+".app")
}
