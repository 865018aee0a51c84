package dist

import "github.com/gonode-otp/gonode/etf"

// SpawnRequest starts a process; its payload is the list of arguments: {29, Ref, From, GroupLeader, {M, F, Arity},
// Opts} or with a token behind it {30, ...}. Since OTP 23 (FlagSpawn). The answer is SpawnReply.
type SpawnRequest struct {
	// Ref identifies the request, and is the reference of the monitor if Opts asks for one.
	Ref         etf.Ref
	From        etf.Pid
	GroupLeader etf.Pid
	Module      etf.Atom
	Function    etf.Atom
	Arity       int
	// Opts is a list of monitor, link, {priority, P} and the like. Nil means no options.
	Opts etf.Term
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// SpawnReply answers a SpawnRequest: {31, Ref, To, Flags, Result} or {32, Ref, To, Flags, Result, Token}.
type SpawnReply struct {
	// Ref is the one of the request, To its From.
	Ref etf.Ref
	To  etf.Pid
	// Link and Monitor say what has been set up along with the process.
	Link, Monitor bool
	// Pid is the new process. If it has no node name, none was started, and Error says why: badopt, notsup, system_limit.
	Pid   etf.Pid
	Error etf.Atom
	// Token is the sequential trace token, nil if there is none.
	Token etf.Term
}

// Bits of Flags in SPAWN_REPLY. OTP refuses bits from maxSpawnFlags on.
const (
	spawnLink     = 1
	spawnMonitor  = 2
	maxSpawnFlags = 1 << 27
)

// HasPayload reports that the list of arguments follows.
func (*SpawnRequest) HasPayload() bool { return true }

// HasPayload reports that nothing follows.
func (*SpawnReply) HasPayload() bool { return false }

func (m *SpawnRequest) sender() etf.Pid { return m.From }

// sender names the new process: its signals come after the reply.
func (m *SpawnReply) sender() etf.Pid { return m.Pid }

func (m *SpawnRequest) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	if !w.negotiated(FlagSpawn) {
		w.refuse(OpSpawnRequest, "the peer starts no processes on request")
	}
	token := w.sendableToken(m.Token)
	op = w.beginTupleTT(OpSpawnRequest, OpSpawnRequestTT, 6, token)
	w.ref(m.Ref)
	w.ownPid(op, m.From)
	w.pid(m.GroupLeader)
	w.tuple(3)
	w.atom(m.Module)
	w.atom(m.Function)
	w.int(int64(m.Arity))
	if m.Opts == nil {
		w.any(etf.List{})
	} else {
		w.any(m.Opts)
	}
	w.token(token)
	return op, true
}

func (w *controlWriter) tuple(n int) {
	if w.err == nil {
		w.dst, w.err = w.enc.AppendTupleHeader(w.dst, n)
	}
}

func (m *SpawnReply) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	token := w.sendableToken(m.Token)
	op = w.beginTupleTT(OpSpawnReply, OpSpawnReplyTT, 5, token)
	w.ref(m.Ref)
	w.pid(m.To)
	var flags int64
	if m.Link {
		flags |= spawnLink
	}
	if m.Monitor {
		flags |= spawnMonitor
	}
	w.int(flags)
	w.target(Target{Pid: m.Pid, Name: m.Error})
	w.token(token)
	return op, false
}

func (r *controlReader) spawnRequest() Message {
	traced := r.op == OpSpawnRequestTT
	r.checkArity(6, traced)
	m := &r.msgs.spawnRequest
	m.Ref, m.From, m.GroupLeader = r.dec.Ref(), r.pid(), r.pid()
	if r.dec.TupleHeader() != 3 {
		r.fail("a function that is not {Module, Function, Arity}")
		return m
	}
	m.Module, m.Function, m.Arity = r.dec.Atom(), r.dec.Atom(), int(r.dec.Int())
	m.Opts = r.any()
	m.Token = r.token(traced)
	r.payloadFollows = true
	return m
}

func (r *controlReader) spawnReply() Message {
	traced := r.op == OpSpawnReplyTT
	r.checkArity(5, traced)
	m := &r.msgs.spawnReply
	m.Ref, m.To = r.dec.Ref(), r.ownPid()
	flags := r.dec.Int()
	if flags < 0 || flags >= maxSpawnFlags {
		r.fail("flags out of range")
	}
	m.Link, m.Monitor = flags&spawnLink != 0, flags&spawnMonitor != 0
	result := r.target()
	m.Pid, m.Error = result.Pid, result.Name
	m.Token = r.token(traced)
	return m
}
