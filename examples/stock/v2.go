package stock

import (
	"fmt"
	"maps"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
)

// Item is what version 2 knows of an item, and what {find, Name} answers: %Stock.Item{} in Elixir.
type Item struct {
	_     struct{} `etf:"struct=Elixir.Stock.Item"`
	Name  string
	Count int
	Since time.Time `etf:",datetime"`
}

// Items is the state of version 2.
type Items map[string]Item

// V2 is version 2.
type V2 struct{ *typed.Mux[Items] }

// NewV2 returns version 2.
func NewV2() V2 {
	m := typed.NewMux[Items]("stock")
	typed.OnInit(m, func(*genserv.Process, struct{}) (Items, error) { return Items{}, nil })
	typed.OnCall(m, "put", func(_ *genserv.Process, s Items, a Amount) (left int, next Items, err error) {
		left, next = change(s, a.Name, a.N)
		return left, next, nil
	})
	typed.OnCall(m, "take", func(_ *genserv.Process, s Items, a Amount) (left int, next Items, err error) {
		if s[a.Name].Count < a.N {
			return 0, s, only(s[a.Name].Count)
		}
		left, next = change(s, a.Name, -a.N)
		return left, next, nil
	})
	typed.OnCall(m, "find", func(_ *genserv.Process, s Items, name string) (item Item, next Items, err error) {
		item, ok := s[name]
		if !ok {
			return item, s, &typed.Error{Reason: etf.Atom("not_found")}
		}
		return item, s, nil
	})
	return V2{m}
}

func change(s Items, name string, n int) (left int, next Items) {
	next = maps.Clone(s)
	next[name] = newItem(name, s[name].Count+n)
	return next[name].Count, next
}

func newItem(name string, n int) Item { return Item{Name: name, Count: n, Since: time.Now()} }

// CopyState returns the state as it is, as that of version 1. It implements genserv.StateCopier.
func (V2) CopyState(s Items) Items { return s }

// CodeChange makes the state of version 2 out of that of version 1. It implements genserv.CodeChanger.
func (V2) CodeChange(_ etf.Term, old any, _ etf.Term) (Items, error) {
	counts, ok := old.(Counts)
	if !ok {
		return nil, fmt.Errorf("a state of type %T", old)
	}
	items := Items{}
	for name, n := range counts {
		items[name] = newItem(name, n)
	}
	return items, nil
}

// Downgrade makes the state of version 1. It implements genserv.Downgrader.
func (V2) Downgrade(_ etf.Term, s Items, _ etf.Term) (any, error) {
	counts := Counts{}
	for name, item := range s {
		counts[name] = item.Count
	}
	return counts, nil
}
