package depo_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// Host a database on a node. A real node would leave out NoListen, so that others can call it too.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "db@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	db := genserv.Of(depo.V2{V1: depo.V1{Names: depo.NewNames(1000)}})
	pid, err := n.Spawn(ctx, genserv.Child{Module: db, Args: etf.Atom("memory")})
	if err != nil {
		log.Fatal(err)
	}
	for _, request := range []string{
		`{write, <<"CREATE TABLE greetings (phrase)">>}`,
		`{teach, #{new => <<"INSERT INTO greetings VALUES (?1)">>}}`,
		`{write, new, <<"hola">>}`,
		`{read, <<"SELECT phrase FROM greetings">>}`,
		`{read, <<"SELECT phrase FROM people">>}`,
	} {
		term, err := etf.Parse(request)
		if err != nil {
			log.Fatal(err)
		}
		reply, err := n.Call(ctx, pid, term)
		fmt.Println(reply, err)
	}
	// Output:
	// {ok,0} <nil>
	// ok <nil>
	// {ok,1} <nil>
	// [#{phrase => <<"hola">>}] <nil>
	// {error,{sqlite_error,<<"SQL logic error: no such table: people (1)">>}} <nil>
}
