package dist_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// greeter answers every message to a name with a message to its sender.
type greeter struct{ conn *dist.Conn }

func (g *greeter) Handle(m dist.Message, payload etf.Term) error {
	if m, ok := m.(*dist.RegSend); ok {
		self := etf.Pid{Node: g.conn.Peer().Local, ID: 1, Creation: g.conn.Peer().LocalCreation}
		return g.conn.Post(&dist.Send{From: self, To: m.From}, etf.Tuple{etf.Atom("hello"), payload})
	}
	return nil
}

func (g *greeter) Drained() dist.Work { return nil }

// printer prints what it gets and ends the connection.
type printer struct{}

var errEnough = errors.New("heard enough")

func (printer) Handle(m dist.Message, payload etf.Term) error {
	fmt.Println(payload)
	return errEnough
}

func (printer) Drained() dist.Work { return nil }

// Two connections after their handshakes, which here are made up.
func ExampleConn() {
	ours, theirs := net.Pipe()
	a := dist.NewConn(ours, &dist.Peer{
		Name: "b@host", Creation: 18, Negotiated: dist.DefaultFlags, Local: "a@host", LocalCreation: 17,
	}, dist.Options{})
	b := dist.NewConn(theirs, &dist.Peer{
		Name: "a@host", Creation: 17, Negotiated: dist.DefaultFlags, Local: "b@host", LocalCreation: 18,
	}, dist.Options{})
	ended := make(chan error)
	go func() { ended <- b.Serve(&greeter{b}) }()

	self := etf.Pid{Node: "a@host", ID: 7, Creation: 17}
	if err := a.Send(context.Background(), &dist.RegSend{From: self, To: "greeter"}, etf.Atom("world")); err != nil {
		fmt.Println(err)
	}
	fmt.Println(a.Serve(printer{}))
	fmt.Println(<-ended)
	// Output:
	// {hello,world}
	// heard enough
	// dist: connection closed by the peer
}
