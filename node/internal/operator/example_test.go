package operator

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// tableHost is a host that has a table of functions and nothing else.
type tableHost struct {
	Host
	functions *kernel.Functions
}

func (h tableHost) Exported(module, function etf.Atom, arity int) bool {
	return h.functions.Has(module, function, arity)
}

func (h tableHost) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term, *genserv.Failure) {
	return h.functions.Apply(ctx, module, function, args)
}

// What a shell asks by erlang:apply/3.
func Example() {
	functions := kernel.NewFunctions(slog.Default())
	Export(functions, tableHost{functions: functions}, false)
	call := etf.List{etf.Atom("erlang"), etf.Atom("is_alive"), etf.List{}}
	alive, _ := functions.Apply(context.Background(), "erlang", "apply", call)
	fmt.Println(alive)
	// Output: true
}
