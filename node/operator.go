package node

import (
	"context"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/operator"
)

// operatorHost is the node as the functions of operators see it: it implements operator.Host.
type operatorHost struct{ kernelHost }

// Exported implements operator.Host.
func (h operatorHost) Exported(module, function etf.Atom, arity int) bool {
	return h.functions.Has(module, function, arity)
}

// Functions implements operator.Host.
func (h operatorHost) Functions(module etf.Atom) []operator.FunctionName {
	var all []operator.FunctionName
	h.functions.Each(func(m, f etf.Atom, arity int) {
		if m == module {
			all = append(all, operator.FunctionName{Name: f, Arity: arity})
		}
	})
	slices.SortFunc(all, operator.FunctionName.Compare)
	return all
}

// Modules implements operator.Host.
func (h operatorHost) Modules() []etf.Atom {
	var all []etf.Atom
	h.functions.Each(func(m, _ etf.Atom, _ int) { all = append(all, m) })
	for _, p := range h.registry.all() {
		all = append(all, p.loop.Code().Name())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Apply implements operator.Host.
func (h operatorHost) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term,
	*genserv.Failure) {
	return h.functions.Apply(ctx, module, function, args)
}

// ProcessCount implements operator.Figures.
func (h operatorHost) ProcessCount() int { return h.registry.count() }

// Traffic implements operator.Figures.
func (h operatorHost) Traffic() (in, out uint64) { return h.peers.traffic() }

// Started implements operator.Figures.
func (h operatorHost) Started() time.Time { return h.started }
