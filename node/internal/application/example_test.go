package application_test

import (
	"context"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/application"
)

// The table of a node without processes: what is loaded has its configuration.
func Example() {
	var host application.Host // the node
	s := application.New(context.Background(), host)
	apps := s.Applications()
	err := apps.Load(application.App{Name: "shop", Vsn: "1", Env: map[etf.Atom]etf.Term{"size": etf.Int(1)}})
	fmt.Println(err)
	apps.SetEnv("shop", "size", etf.Int(2))
	fmt.Println(apps.Env("shop", "size"))
	// Output:
	// <nil>
	// 2 true
}
