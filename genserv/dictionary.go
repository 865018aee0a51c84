package genserv

import "github.com/gonode-otp/gonode/etf"

// dictionary is the process dictionary: few entries, looked through one after the other. It begins with what proc_lib
// puts there and what sys:get_status and observer look for.
type dictionary etf.Map

// initDictionary fills the process dictionary with what proc_lib puts there.
func (p *Process) initDictionary(m Module, ancestors etf.Term) {
	p.dictMu.Lock()
	defer p.dictMu.Unlock()
	p.dict = dictionary{
		{Key: etf.Atom("$initial_call"), Value: m.initialCall()},
		{Key: etf.Atom("$ancestors"), Value: ancestors},
	}
}

// Get returns the value of a key of the process dictionary. erlang:get/1.
func (p *Process) Get(key etf.Term) (value etf.Term, ok bool) {
	p.dictMu.Lock()
	defer p.dictMu.Unlock()
	return etf.Map(p.dict).Get(key)
}

// Put stores a value in the process dictionary and returns the old one, if there was one. The dictionary is shown by
// sys:get_status. erlang:put/2.
func (p *Process) Put(key, value etf.Term) (old etf.Term, ok bool) {
	value = orUndefined(value)
	p.dictMu.Lock()
	defer p.dictMu.Unlock()
	for i := range p.dict {
		if etf.Equal(p.dict[i].Key, key) {
			old, p.dict[i].Value = p.dict[i].Value, value
			return old, true
		}
	}
	p.dict = append(p.dict, etf.MapPair{Key: orUndefined(key), Value: value})
	return nil, false
}

// Erase removes a key from the process dictionary and returns its value, if there was one. erlang:erase/1.
func (p *Process) Erase(key etf.Term) (old etf.Term, ok bool) {
	p.dictMu.Lock()
	defer p.dictMu.Unlock()
	for i := range p.dict {
		if etf.Equal(p.dict[i].Key, key) {
			old = p.dict[i].Value
			p.dict = append(p.dict[:i:i], p.dict[i+1:]...)
			return old, true
		}
	}
	return nil, false
}

// Dictionary returns the process dictionary as [{Key, Value}]. It may be called from any goroutine. erlang:get/0.
func (p *Process) Dictionary() etf.List {
	p.dictMu.Lock()
	defer p.dictMu.Unlock()
	list := make(etf.List, len(p.dict))
	for i, pair := range p.dict {
		list[i] = etf.Tuple{pair.Key, pair.Value}
	}
	return list
}
