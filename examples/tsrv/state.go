package tsrv

import (
	"io/fs"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// State is the state of version 1, #t__srv_state{} of Erlang. It is changed in a copy: what it has pointers to stays as
// it is.
type State struct {
	Configs  []Config      // the one that was set last is the first
	DevCount int           // how many of them are in developer mode
	Interval time.Duration // how often their files are looked at
	Idle     etf.Term      // what a callback returns behind the state: a time-out in milliseconds, infinity or hibernate
	Notify   etf.Term      // a process that is told {t__srv, Pid, Event}, or undefined
	Waiting  []Waiter      // the first to ask is the first

	timer    *genserv.Timer // sends monitor while DevCount > 0
	timerRef etf.Term       // what is shown for it
	tables   map[tableID]table
}

// Waiter is a caller of config_await.
type Waiter struct {
	App  etf.Atom
	From genserv.From
}

// defaultInterval is how often files are looked at.
const defaultInterval = 10 * time.Second

// newState is that of a server without configurations.
func newState() State {
	return State{Interval: defaultInterval, Idle: etf.Atom("infinity"), Notify: undefined, timerRef: undefined}
}

// StateTerm returns the record.
func (s State) StateTerm() etf.Term { return etf.Tuple(s.record()) }

func (s State) record() []etf.Term {
	configs := make(etf.List, len(s.Configs))
	for i, c := range s.Configs {
		configs[i] = etf.Tuple{c.App, c.Term()}
	}
	waiting := make(etf.List, len(s.Waiting))
	for i, w := range s.Waiting {
		waiting[i] = etf.Tuple{w.App, w.From.Term()}
	}
	timer := s.timerRef
	if timer == nil {
		timer = undefined
	}
	return []etf.Term{etf.Atom("t__srv_state"), configs, etf.Int(s.DevCount), timer, etf.Int(s.Interval.Milliseconds()),
		s.Idle, s.Notify, waiting}
}

// option sets what an option of start_link, or of a code change, is about. It returns false if there is no such option.
func (s *State) option(t etf.Term) bool {
	verb, args := etf.Verb(t)
	if len(args) != 1 {
		return false
	}
	switch ms, isInt := etf.AsInt(args[0]); {
	case verb == "timer_interval" && isInt && ms > 0:
		s.Interval = time.Duration(ms) * time.Millisecond
	case verb == "idle" && (isInt && ms >= 0 || etf.IsAtom(args[0], "infinity") || etf.IsAtom(args[0], "hibernate")):
		s.Idle = args[0]
	case verb == "configs":
		list, isList := args[0].(etf.List)
		if !isList {
			return false
		}
		for _, e := range list {
			pair, isPair := e.(etf.Tuple)
			if !isPair || len(pair) != 2 {
				return false
			}
			c, isConfig := asConfig(pair[0], pair[1])
			if !isConfig {
				return false
			}
			s.set(c)
		}
	case verb == "notify" && isPid(args[0]):
		s.Notify = args[0]
	default:
		return false
	}
	return true
}

func isPid(t etf.Term) bool {
	_, isPid := t.(etf.Pid)
	return isPid
}

// set puts a configuration in front, in place of the one of the same application.
func (s *State) set(c Config) {
	s.remove(c.App)
	s.Configs = slices.Insert(s.Configs, 0, c)
}

// remove takes a configuration away, if there is one.
func (s *State) remove(app etf.Atom) bool {
	i := s.index(app)
	if i < 0 {
		return false
	}
	s.Configs = slices.Delete(slices.Clone(s.Configs), i, i+1)
	return true
}

// changed reads what repositories have changed, counts the applications in developer mode, and has the timer run if
// there are any.
func (s *State) changed(p *genserv.Process, texts fs.FS) {
	for _, err := range s.refresh(texts) {
		p.Logger().Warn("a repository cannot be read", "error", err)
	}
	s.DevCount = 0
	for _, c := range s.Configs {
		if c.Dev {
			s.DevCount++
		}
	}
	if s.DevCount == 0 {
		s.stopTimer()
	} else if s.timer == nil {
		s.startTimer(p)
	}
}

func (s *State) startTimer(p *genserv.Process) {
	s.timer = p.SendAfter(s.Interval, p.Self(), etf.Atom("monitor"))
	s.timerRef = undefined
	if ref, err := p.MakeRef(); err == nil {
		s.timerRef = ref
	}
}

func (s *State) stopTimer() {
	if s.timer != nil {
		s.timer.Cancel()
	}
	s.timer, s.timerRef = nil, undefined
}

// tell tells the process that wants to know what happens.
func (s *State) tell(p *genserv.Process, event etf.Term) {
	if pid, isPid := s.Notify.(etf.Pid); isPid {
		p.Send(pid, etf.Tagged("t__srv", p.Self(), event))
	}
}
