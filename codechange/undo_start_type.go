package codechange

import "github.com/gonode-otp/gonode/etf"

// startTypeOf returns, before application:stop/1, the start type of the application and whether it has processes.
func (r *run) startTypeOf(c mfa) (kind etf.Atom, alive bool) {
	isStop := c.module == "application" && c.function == "stop" && len(c.args) == 1
	if !isStop || !r.host.Exported("application", "info", 0) {
		return "", false
	}
	info, err := r.host.Apply(r.ctx, "application", "info", etf.List{})
	if err != nil {
		return "", false
	}
	kind, _ = proplistValue(proplistValue(info, etf.Atom("started")), c.args[0]).(etf.Atom)
	_, alive = proplistValue(proplistValue(info, etf.Atom("running")), c.args[0]).(etf.Pid)
	return kind, alive
}

// proplistValue is proplists:get_value/2 of a list of pairs.
func proplistValue(list, key etf.Term) etf.Term {
	all, _ := list.(etf.List)
	for _, t := range all {
		if pair, ok := t.(etf.Tuple); ok && len(pair) == 2 && etf.Equal(pair[0], key) {
			return pair[1]
		}
	}
	return nil
}
