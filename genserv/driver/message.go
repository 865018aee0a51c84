package driver

import (
	"strings"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// CallMessage returns the message of gen_server:call: {'$gen_call', {From, Tag}, Request}. A nil request is undefined.
func CallMessage(from etf.Pid, tag, request etf.Term) etf.Term {
	return etf.Tuple{etf.Atom("$gen_call"), etf.Tuple{from, tag}, orUndefined(request)}
}

// CastMessage returns the message of gen_server:cast: {'$gen_cast', Request}. A nil request is undefined.
func CastMessage(request etf.Term) etf.Term {
	return etf.Tuple{etf.Atom("$gen_cast"), orUndefined(request)}
}

// SystemMessage returns the message of the functions of sys and of gen_server:stop: {system, {From, Tag}, Request}. A
// nil request is undefined.
func SystemMessage(from etf.Pid, tag, request etf.Term) etf.Term {
	return etf.Tuple{etf.Atom("system"), etf.Tuple{from, tag}, orUndefined(request)}
}

// SendableReason returns an exit reason that every process can be told: reason itself, or {bad_exit_reason, Text} for
// what is no term, such as an atom of more than 255 characters or a nil inside of a tuple. In Erlang every value is a
// term; here its monitors would else wait in vain.
func SendableReason(reason etf.Term) etf.Term {
	if a, ok := reason.(etf.Atom); ok && len(a) <= 255 && utf8.ValidString(string(a)) {
		return reason
	}
	e := etf.Encoder{Apart: 64}
	if _, err := e.Append(nil, reason); err != nil {
		return etf.Tuple{etf.Atom("bad_exit_reason"), etf.Binary(clipText(err.Error()))}
	}
	return reason
}

// BadReply is what stands for an answer that is no term: {bad_reply, Text}, with the error that the encoder has of it.
func BadReply(err error) etf.Term {
	return etf.Tuple{etf.Atom("bad_reply"), etf.Binary(clipText(err.Error()))}
}

func orUndefined(t etf.Term) etf.Term {
	if t == nil {
		return etf.Atom("undefined")
	}
	return t
}

// maxText bounds the text of an error in a reason.
const maxText = 1000

func clipText(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
