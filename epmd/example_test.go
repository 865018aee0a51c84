package epmd_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/gonode-otp/gonode/epmd"
)

// embedded starts an EPMD on a free port and returns its address, as a program does where none runs.
func embedded(ctx context.Context) (*epmd.Server, string) {
	ls, err := epmd.Listen(ctx, 0)
	if err != nil {
		log.Fatal(err)
	}
	s := epmd.NewServer(epmd.ServerOptions{})
	go func() { _ = s.Serve(ls...) }()
	return s, ls[0].Addr().String()
}

// A node announces itself, others find it, and the name is free again after Close.
func Example() {
	ctx := context.Background()
	server, addr := embedded(ctx)
	defer server.Close()

	node, err := epmd.Register(ctx, epmd.RegisterOptions{Addr: addr, Name: "gonode", Port: 4711, Hidden: true})
	if err != nil {
		log.Fatal(err)
	}
	found, err := epmd.Lookup(ctx, addr, "gonode")
	fmt.Println(found.Name, "listens on port", found.Port, "and is", found.Type, err)

	_ = node.Close()
	_, err = epmd.Lookup(ctx, addr, "gonode")
	fmt.Println(errors.Is(err, epmd.ErrNotFound))
	// Output:
	// gonode listens on port 4711 and is hidden <nil>
	// true
}

func ExampleRegister_takenName() {
	ctx := context.Background()
	server, addr := embedded(ctx)
	defer server.Close()
	first, err := epmd.Register(ctx, epmd.RegisterOptions{Addr: addr, Name: "gonode", Port: 4711})
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()

	_, err = epmd.Register(ctx, epmd.RegisterOptions{Addr: addr, Name: "gonode", Port: 4712})
	var taken *epmd.NameTakenError
	if errors.As(err, &taken) {
		fmt.Println(taken.Name, "is held by the node on port", taken.Port)
	}
	// Output:
	// gonode is held by the node on port 4711
}

func ExampleNames() {
	ctx := context.Background()
	server, addr := embedded(ctx)
	defer server.Close()
	for i, name := range []string{"a", "b"} {
		r, err := epmd.Register(ctx, epmd.RegisterOptions{Addr: addr, Name: name, Port: uint16(4711 + i)})
		if err != nil {
			log.Fatal(err)
		}
		defer r.Close()
	}
	names, err := epmd.Names(ctx, addr)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range names {
		fmt.Println(e.Name, e.Port)
	}
	// Output:
	// b 4712
	// a 4711
}

// An EPMD of one's own, on the port and the addresses that the environment says; loopback is always among them.
func ExampleServer() {
	env, err := epmd.ReadEnv(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	ls, err := epmd.Listen(context.Background(), 0, env.Addrs...) // env.Port in earnest
	if errors.Is(err, epmd.ErrInUse) {
		log.Fatal("use the one that runs: ", err)
	} else if err != nil {
		log.Fatal(err)
	}
	server := epmd.NewServer(epmd.ServerOptions{})
	served := make(chan error)
	go func() { served <- server.Serve(ls...) }()

	names, err := epmd.Names(context.Background(), ls[0].Addr().String())
	fmt.Println(len(names), err)
	_ = server.Close()
	fmt.Println(<-served)
	// Output:
	// 0 <nil>
	// <nil>
}

func ExampleReadEnv() {
	env, err := epmd.ReadEnv(func(name string) string {
		return map[string]string{"ERL_EPMD_PORT": "4400", "ERL_EPMD_ADDRESS": "10.0.0.1"}[name]
	})
	fmt.Println(env.Addr("db1.example"), env.Addrs, err)

	_, err = epmd.ReadEnv(func(string) string { return "somewhere" })
	fmt.Println(err)
	// Output:
	// db1.example:4400 [10.0.0.1] <nil>
	// epmd: ERL_EPMD_PORT="somewhere": want a port, 1 to 65535
}
