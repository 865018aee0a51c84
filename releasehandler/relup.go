package releasehandler

import (
	"errors"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// transition finds the script from the running release to another: do_get_rh_script/4. The relup of the new release has
// the scripts that lead up to it, and that of the running release those that lead down from it.
func (h *Handler) transition(to Release) (*codechange.Transition, error) {
	running, _ := h.runningRelease()
	t, _, err := h.relup(to.Vsn, running.Vsn, 1)
	missing := false
	if t == nil && err == nil {
		t, missing, err = h.relup(running.Vsn, to.Vsn, 2)
	}
	switch {
	case missing:
		return nil, fileError("enoent", h.files.inRelease(running.Vsn, "relup"), nil)
	case err != nil:
		return nil, err
	case t == nil:
		return nil, errorOf("no_matching_relup", etf.Charlist(to.Vsn), etf.Charlist(running.Vsn))
	}
	t.From, t.To, t.Script.Libs = running.Vsn, to.Vsn, to.Libs
	for _, l := range running.Libs {
		t.Script.From = append(t.Script.From, h.currentLib(l.App))
	}
	return t, nil
}

// relup looks for a script in the relup of a release: {Vsn, Up, Down}, in the list at that index. It is nil if there
// is none; missing says that there is no such file at all.
func (h *Handler) relup(vsn, other string, list int) (way *codechange.Transition, missing bool, err error) {
	file := h.files.inRelease(vsn, "relup")
	t, missing, err := h.files.consult(file, "bad_relup_file")
	if err != nil || missing {
		return nil, missing, err
	}
	relup, _ := t.(etf.Tuple)
	if len(relup) != 3 || !etf.Equal(relup[0], etf.Charlist(vsn)) {
		return nil, false, h.badRelup(file)
	}
	scripts, ok := relup[list].(etf.List)
	if !ok {
		return nil, false, h.badRelup(file)
	}
	for _, s := range scripts {
		entry, _ := s.(etf.Tuple)
		if len(entry) != 3 || !etf.Equal(entry[0], etf.Charlist(other)) {
			continue
		}
		instructions, ok := entry[2].(etf.List)
		if !ok {
			return nil, false, h.badRelup(file)
		}
		description, _ := etf.AsCharlist(entry[1])
		return &codechange.Transition{Other: other, Description: description,
			Script: codechange.Script{Instructions: instructions}}, false, nil
	}
	return nil, false, nil
}

// badRelup is the error of a broken relup, with the places.
func (h *Handler) badRelup(file string) *codechange.Error {
	_, err := h.readRelup(file)
	return fileError("bad_relup_file", file, err)
}

func (h *Handler) readRelup(file string) (*appup.Relup, error) {
	src, err := h.files.read(file)
	if err != nil {
		return nil, err
	}
	return appup.ParseRelup(file, src)
}

// withRelupPlaces adds the places in the relup to the error of a script with a bad instruction.
func (h *Handler) withRelupPlaces(t *codechange.Transition, err error) error {
	var e *codechange.Error
	if !errors.As(err, &e) || e.Err != nil {
		return err
	}
	reason, _ := e.Reason.(etf.Tuple)
	if len(reason) != 2 || !etf.IsAtom(reason[0], "illegal_instruction_before_point_of_no_return") &&
		!etf.IsAtom(reason[0], "illegal_instruction_after_point_of_no_return") {
		return err
	}
	vsn := t.To // its relup has the way up
	if t.Other == t.To {
		vsn = t.From
	}
	_, e.Err = h.readRelup(h.files.inRelease(vsn, "relup"))
	return e
}
