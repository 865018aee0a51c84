package appup

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// Error is why there is no relup: what systools:make_relup/4 answers with the options noexec and silent.
type Error struct {
	// Module is the module of OTP that has the words for Reason: systools_rc, systools_relup or systools_make.
	Module etf.Atom
	Reason etf.Term
	// File, Line and Column are where it is, as far as that can be told; "" and 0 if not.
	File         string
	Line, Column int
	// Exit says that OTP does not answer with Reason but crashes with it.
	Exit bool
}

// Error returns the place and the reason in words.
func (e *Error) Error() string {
	return (&Finding{File: e.File, Line: e.Line, Column: e.Column, Msg: explain(e.Reason)}).Error()
}

// Term returns {error, Module, Reason}.
func (e *Error) Term() etf.Tuple { return etf.Tagged("error", e.Module, e.Reason) }

// explain says a reason in words, if it is one of those that need them.
func explain(reason etf.Term) string {
	t, _ := reason.(etf.Tuple)
	word := wordOf(reason)
	if list, ok := reason.(etf.List); ok && len(list) > 0 { // of systools_make, the last first
		text := explain(list[len(list)-1])
		if len(list) > 1 {
			text += fmt.Sprintf(" (and %d more)", len(list)-1)
		}
		return text
	}
	if text := explainNested(word, t); text != "" {
		return text
	}
	if say, known := explanations[form{word, max(len(t), 1)}]; known {
		args := make([]any, len(t))
		for i, e := range t {
			args[i] = termText(e)
		}
		return fmt.Sprintf(say, args...)
	}
	return etf.FormatMax(reason, maxReason)
}

// explainNested says reasons that have others in them.
func explainNested(word etf.Atom, t etf.Tuple) string {
	in := func(i int) etf.Tuple {
		if i >= len(t) {
			return nil
		}
		inner, _ := t[i].(etf.Tuple)
		return inner
	}
	switch inner := in(1); {
	case word == "error_reading" && len(inner) == 2:
		return fmt.Sprintf("%s: %s", show(inner[0]), explain(inner[1]))
	case word == "file_problem" && len(inner) == 2:
		if problem, ok := etf.AsTuple(inner[1], "error", 2); ok {
			return explain(problem[1])
		}
		return "this is no .appup file: {Vsn, [{UpFrom, Script}], [{DownTo, Script}]}"
	case word == "no_valid_version" && len(inner) == 2 && len(in(1)) == 2:
		want, _ := inner[0].(etf.Tuple)
		found, _ := inner[1].(etf.Tuple)
		return fmt.Sprintf("no .app file has version %s; that of %s is %s", termText(want[1]), termText(found[1]),
			termText(found[2]))
	case word == "parse_error" && len(inner) == 3:
		return fmt.Sprintf("%s:%s: %s", termText(inner[0]), show(inner[1]), parserMessage(inner[2]))
	case word == "parse" && len(in(2)) == 3:
		return parserMessage(in(2)[2])
	case word == "" && len(t) == 2 && in(0) != nil: // {{bad_param, vsn}, {application, ...}}
		return explain(t[0])
	}
	return ""
}

// parserMessage is what erl_parse has to say.
func parserMessage(t etf.Term) string {
	if list, ok := t.(etf.List); ok && len(list) == 2 {
		if _, isPair := list[1].(etf.List); isPair {
			return termText(list[0]) + termText(list[1])
		}
	}
	return termText(t)
}

// maxReason bounds a reason in the text of an error.
const maxReason = 2000

func termText(t etf.Term) string {
	if s, kind := stringOf(t); kind == textOK && s != "" {
		return s
	}
	return show(t)
}

// explanations say what the reasons of systools mean; the numbers are those of the elements.
var explanations = map[form]string{
	{"bad_op_before_point_of_no_return", 2}: "%[2]s may not stand before point_of_no_return",
	{"too_many_point_of_no_return", 1}:      "there is more than one point_of_no_return in a script",
	{"no_object_code", 2}:                   "there is no load_object_code for the module %[2]s",
	{"suspended_not_resumed", 2}:            "suspended, but never resumed: %[2]s",
	{"resumed_not_suspended", 2}:            "resumed, but never suspended: %[2]s",
	{"start_not_stop", 2}:                   "started, but never stopped: %[2]s",
	{"stop_not_start", 2}:                   "stopped, but never started: %[2]s",
	{"no_such_application", 2}:              "the application %[2]s is not in the release",
	{"removed_application_present", 2}:      "the application %[2]s is to be removed, but the release has it",
	{"conflicting_versions", 4}:             "object code of %[2]s in two versions, %[3]s and %[4]s",
	{"no_such_module", 2}:                   "no application of the release has a module %[2]s",
	{"undef_module", 2}:                     "a module depends on %[2]s, for which there is no instruction",
	{"muldef_module", 2}:                    "there are two instructions for the module %[2]s",
	{"bad_instruction", 2}:                  "%[2]s is no instruction",
	{"bad_module", 2}:                       "%[2]s is no module, which is an atom",
	{"bad_change", 2}:                       "%[2]s is no change: soft or {advanced, Extra}",
	{"bad_mod_type", 2}:                     "%[2]s is no type of a module: static or dynamic",
	{"bad_timeout", 2}:                      "%[2]s is no time-out: a number above 0, infinity or default",
	{"bad_purge_method", 2}:                 "%[2]s is no purge method: soft_purge or brutal_purge",
	{"bad_list", 2}:                         "%[2]s is no list",
	{"bad_args_list", 2}:                    "%[2]s is no list of arguments",
	{"bad_func", 2}:                         "%[2]s is no function, which is an atom",
	{"bad_node", 2}:                         "%[2]s is no node, which is an atom",
	{"bad_application", 2}:                  "%[2]s is no application, which is an atom",
	{"bad_start_type", 2}:                   "%[2]s is no start type: permanent, transient, temporary, load or none",
	{"bad_lib", 2}:                          "%[2]s is no application, which is an atom",
	{"bad_lib_vsn", 2}:                      "%[2]s is no version, which is a string",
	{"bad_code_change", 2}:                  "%[2]s is not {Module, Extra}",
	{"bad_mode", 2}:                         "code is changed up or down, not %[2]s",
	{"not_yet_implemented", 2}:              "%[2]s is not implemented",
	{"file_problem", 2}:                     "%[2]s",
	{"no_relup", 4}:                         "there is no entry for version %[4]s",
	{"missing_sasl", 2}:                     "the application sasl is missing in %[2]s",
	{"warnings_treated_as_errors", 2}:       "there are warnings: %[2]s",
	{"no_appup_found", 1}:                   "there is no such file",
	{"version_not_in_appup", 2}:             "there is no entry for version %[2]s",
	{"no_app_found", 3}:                     "there is no .app file of version %[2]s in %[3]s",
	{"app_not_running", 2}:                  "the application %[2]s does not run",
	{"unknown_version", 2}: "the name of the directory does not say which version of %[2]s is there: " +
		"App-Vsn",
	{"not_found", 2}:               "there is no file %[2]s",
	{"badly_formatted_release", 1}: "this is no release",
	{"illegal_name", 2}:            "%[2]s is no name of a release",
	{"illegal_form", 2}:            "%[2]s is no version",
	{"illegal_applications", 2}:    "applications that are none: %[2]s",
	{"missing_mandatory_app", 2}:   "the application %[2]s is missing",
	{"mandatory_app", 3}:           "the application %[2]s has to be permanent, not %[3]s",
	{"error_reading", 2}:           "%[2]s",
	{"undefined_applications", 2}:  "applications that are needed and not in the release: %[2]s",
	{"circular_dependencies", 2}:   "applications that need each other: %[2]s",
	{"duplicate_modules", 2}:       "modules that are in two applications: %[2]s",
	{"duplicate_register", 2}:      "names that two applications register: %[2]s",
	{"open", 3}:                    "it cannot be opened: %[3]s",
	{"read", 2}:                    "there is no term in the file",
	{"bad_param", 2}:               "%[2]s is not what it has to be",
	{"missing_param", 2}:           "%[2]s is missing, or not what it has to be",
	{"override_include", 2}:        "the release includes what the application does not: %[2]s",
	{"bad_application_name", 2}:    "the file is about another application: %[2]s",
	{"duplicate_include", 2}:       "applications that are included twice: %[2]s",
}
