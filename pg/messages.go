package pg

import "github.com/gonode-otp/gonode/etf"

// The messages between scopes, as pg.erl of OTP 23 to 29 writes them. All but sync come as plain messages; sync, and
// local_data of OTP 26 and later, come as casts.

// peerMessage is what a scope on another node says.
type peerMessage struct {
	kind   messageKind
	peer   etf.Pid
	groups []groupPids // of sync, join and leave; a leave has the same pids in each
	gone   []groupPids // of update: who leaves before groups join
}

type messageKind int

const (
	noMessage messageKind = iota
	discover              // {discover, Pid}, {discover, Pid, Version}
	syncAll               // {sync, Pid, [{Group, [Pid]}]}, {local_data, Pid, Version, #{Group => [Pid]}}
	join                  // {join, Pid, Group, PidOrPids}
	leave                 // {leave, Pid, PidOrPids, [Group]}
	update                // {update, Pid, [{Group, Joined, Left}]}
)

type groupPids struct {
	group etf.Term
	pids  []etf.Pid
}

// parseMessage reads a message of another scope. ok is false if it is none, or one of a wrong shape: a scope of OTP
// would end with badarg.
func parseMessage(msg etf.Term) (m peerMessage, ok bool) {
	t, _ := msg.(etf.Tuple)
	if len(t) < 2 {
		return m, false
	}
	verb, _ := t[0].(etf.Atom)
	if m.peer, ok = t[1].(etf.Pid); !ok {
		return m, false
	}
	switch {
	case verb == "discover" && (len(t) == 2 || len(t) == 3):
		m.kind = discover
		return m, true
	case verb == "sync" && len(t) == 3:
		m.kind = syncAll
		m.groups, ok = pairs(t[2])
	case verb == "local_data" && len(t) == 4:
		m.kind = syncAll
		m.groups, ok = mapped(t[3])
	case verb == "join" && len(t) == 4:
		m.kind = join
		var who []etf.Pid
		who, ok = pids(t[3])
		m.groups = []groupPids{{t[2], who}}
	case verb == "leave" && len(t) == 4:
		m.kind = leave
		m.groups, ok = left(t[2], t[3])
	case verb == "update" && len(t) == 3:
		m.kind = update
		m.groups, m.gone, ok = updates(t[2])
	default:
		ok = false
	}
	return m, ok && m.local()
}

// local says whether all members are processes of the peer's node. Others are told of by their own node alone.
func (m peerMessage) local() bool {
	for _, groups := range [][]groupPids{m.groups, m.gone} {
		for _, g := range groups {
			for _, pid := range g.pids {
				if pid.Node != m.peer.Node {
					return false
				}
			}
		}
	}
	return true
}

// pids reads a pid or a list of pids.
func pids(t etf.Term) ([]etf.Pid, bool) {
	if pid, ok := t.(etf.Pid); ok {
		return []etf.Pid{pid}, true
	}
	list, ok := t.(etf.List)
	if !ok {
		return nil, false
	}
	who := make([]etf.Pid, len(list))
	for i := range list {
		if who[i], ok = list[i].(etf.Pid); !ok {
			return nil, false
		}
	}
	return who, true
}

// pairs reads [{Group, [Pid]}].
func pairs(t etf.Term) (groups []groupPids, ok bool) {
	list, ok := t.(etf.List)
	if !ok {
		return nil, false
	}
	for _, e := range list {
		pair, _ := e.(etf.Tuple)
		if len(pair) != 2 {
			return nil, false
		}
		who, ok := pids(pair[1])
		if !ok {
			return nil, false
		}
		groups = append(groups, groupPids{pair[0], who})
	}
	return groups, true
}

// mapped reads #{Group => [Pid]}.
func mapped(t etf.Term) (groups []groupPids, ok bool) {
	m, ok := t.(etf.Map)
	if !ok {
		return nil, false
	}
	for _, pair := range m {
		who, ok := pids(pair.Value)
		if !ok {
			return nil, false
		}
		groups = append(groups, groupPids{pair.Key, who})
	}
	return groups, true
}

// left reads the pids and the groups that they have left.
func left(who, names etf.Term) (groups []groupPids, ok bool) {
	gone, ok := pids(who)
	list, isList := names.(etf.List)
	if !ok || !isList {
		return nil, false
	}
	for _, group := range list {
		groups = append(groups, groupPids{group, gone})
	}
	return groups, true
}

// updates reads [{Group, Joined, Left}].
func updates(t etf.Term) (joined, gone []groupPids, ok bool) {
	list, ok := t.(etf.List)
	if !ok {
		return nil, nil, false
	}
	for _, e := range list {
		one, _ := e.(etf.Tuple)
		if len(one) != 3 {
			return nil, nil, false
		}
		in, ok := pids(one[1])
		out, also := pids(one[2])
		if !ok || !also {
			return nil, nil, false
		}
		joined = append(joined, groupPids{one[0], in})
		gone = append(gone, groupPids{one[0], out})
	}
	return joined, gone, true
}

// discoverMessage asks a scope to tell its members. The form without a version is understood by every release; the one
// with it ends a scope of OTP 25.
func discoverMessage(self etf.Pid) etf.Term { return etf.Tagged("discover", self) }

func syncMessage(self etf.Pid, members etf.List) etf.Term { return etf.Tagged("sync", self, members) }

func joinMessage(self etf.Pid, group etf.Term, who []etf.Pid) etf.Term {
	return etf.Tagged("join", self, group, pidOrPids(who))
}

func leaveMessage(self etf.Pid, who []etf.Pid, groups etf.List) etf.Term {
	return etf.Tagged("leave", self, pidOrPids(who), groups)
}

// pidOrPids is a pid if there is one, else a list, as pg:join/2 of OTP sends what it was given.
func pidOrPids(who []etf.Pid) etf.Term {
	if len(who) == 1 {
		return who[0]
	}
	return pidList(who)
}

func pidList(who []etf.Pid) etf.List {
	list := make(etf.List, len(who))
	for i, pid := range who {
		list[i] = pid
	}
	return list
}
