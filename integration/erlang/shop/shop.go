// Package shop is a program that is upgraded under load: three applications with 27 modules in two versions. The
// servers call each other and own mutexes, goroutines, databases and listeners, and there are dynamic children.
//
//	catalog    catalog_sup   price tax stock shelf search rates images gate    version 2 adds offers
//	orders     orders_sup    desk returns ledger audit numbers bell, cart_sup with carts
//	shipping   shipping_sup  depot yard dispatch tracker clerk archive, parcel_sup with parcels
//
// Each server keeps an account of everything it is told, in a state of its own shape. {add, Who, Seq, Amount} is
// answered with {ok, Vsn, Seq} if Seq is the next number of Who, and with {wrong, Seq} otherwise. balance is answered
// with {Vsn, Sum, Entries}.
package shop

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// Shop is what the servers of one node share.
type Shop struct {
	// Served counts the entries of all accounts.
	Served atomic.Int64
	// Pulses and Listeners count those that states own now.
	Pulses, Listeners atomic.Int64

	sabotage atomic.Pointer[Sabotage]
	store    store
}

// base is the part of every server.
type base struct {
	shop *Shop
	name etf.Atom
}

// ModuleName implements genserv.Namer.
func (b base) ModuleName() etf.Atom { return b.name }

// Kind is how a server keeps its account.
type Kind string

// The kinds of servers.
const (
	Value    Kind = "value"    // a plain struct
	Locked   Kind = "locked"   // maps behind mutexes
	Ticking  Kind = "ticking"  // a goroutine with a ticker
	Database Kind = "database" // a *sql.DB of its own
	Frail    Kind = "frail"    // nothing but the shared database: it survives a kill
	Listener Kind = "listener" // a net.Listener with a goroutine
	Calling  Kind = "calling"  // calls other servers before it answers
	Deferred Kind = "deferred" // answers later
	Same     Kind = "same"     // a state that is the same in both versions
	Dynamic  Kind = "dynamic"  // a dynamic child
)

// Server is a module that processes run, except supervisors.
type Server struct {
	App, Name etf.Atom
	Kind      Kind
	// Next are the servers that this server calls.
	Next []etf.Atom
	// Since is the first version that has this server.
	Since int
}

// Servers are the modules of all servers.
var Servers = []Server{
	{"catalog", "price", Value, nil, 1}, {"catalog", "tax", Value, nil, 1}, {"catalog", "stock", Locked, nil, 1},
	{"catalog", "shelf", Locked, nil, 1}, {"catalog", "search", Same, nil, 1}, {"catalog", "rates", Ticking, nil, 1},
	{"catalog", "images", Database, nil, 1}, {"catalog", "gate", Listener, nil, 1}, {"catalog", "offers", Value, nil, 2},
	{"orders", "returns", Calling, []etf.Atom{"desk", "ledger"}, 1},
	{"orders", "desk", Calling, []etf.Atom{"ledger", "stock"}, 1},
	{"orders", "ledger", Value, nil, 1}, {"orders", "audit", Frail, nil, 1}, {"orders", "numbers", Same, nil, 1},
	{"orders", "bell", Ticking, nil, 1}, {"orders", "cart", Dynamic, nil, 1},
	{"shipping", "dispatch", Calling, []etf.Atom{"depot", "clerk", "ledger"}, 1},
	{"shipping", "depot", Locked, nil, 1}, {"shipping", "yard", Locked, nil, 1},
	{"shipping", "tracker", Listener, nil, 1}, {"shipping", "clerk", Deferred, nil, 1},
	{"shipping", "archive", Frail, nil, 1}, {"shipping", "parcel", Dynamic, nil, 1},
}

// Apps are the applications, in the order in which they start.
var Apps = []etf.Atom{"catalog", "orders", "shipping"}

// code returns a version of a server.
func (shop *Shop) code(s Server, vsn int) genserv.Module {
	b := base{shop, s.Name}
	switch s.Kind {
	case Value:
		return either(vsn, value1{b}, value2{b})
	case Locked:
		return either(vsn, locked1{b}, locked2{b})
	case Ticking:
		return either(vsn, ticking1{b}, ticking2{b})
	case Database:
		return either(vsn, database1{b}, database2{b})
	case Frail:
		return either(vsn, frail1{b}, frail2{b})
	case Listener:
		return either(vsn, listener1{b}, listener2{b})
	case Calling:
		return either(vsn, calling1{b, s.Next}, calling2{b, s.Next})
	case Deferred:
		return either(vsn, deferred1{b}, deferred2{b})
	case Same:
		return genserv.Of(same{b, int64(vsn)})
	default:
		return either(vsn, dynamic1{b}, dynamic2{b})
	}
}

// either makes a module of one of two versions.
func either[S, T any](vsn int, one genserv.Server[S], two genserv.Server[T]) genserv.Module {
	if vsn == 1 {
		return genserv.Of(one)
	}
	return genserv.Of(two)
}

// Versions returns both versions of the applications.
func (shop *Shop) Versions() (*codechange.Versions, error) {
	var apps []codechange.Application
	for vsn, text := range []string{"1", "2"} {
		vsn++
		for _, name := range Apps {
			app := codechange.Application{Name: name, Vsn: text}
			for _, code := range shop.modules(name, vsn) {
				app.Modules = append(app.Modules, &codechange.Module{Vsn: text, Code: code})
			}
			apps = append(apps, app)
		}
	}
	return codechange.NewVersions(apps...)
}

func (shop *Shop) modules(app etf.Atom, vsn int) (codes []genserv.Module) {
	for _, s := range Servers {
		if s.App == app && s.Since <= vsn {
			codes = append(codes, shop.code(s, vsn))
		}
	}
	for _, s := range supervisors(shop, app, vsn) {
		codes = append(codes, supervisor.Of(s))
	}
	return codes
}

// Start starts the applications, and exports the functions that the scripts apply.
func (shop *Shop) Start(ctx context.Context, n *node.Node) error {
	n.Export("shop", "checkpoint", 1, func(context.Context, etf.List) (etf.Term, error) {
		return etf.Atom("ok"), shop.trip(nil, "checkpoint")
	})
	for _, name := range Apps {
		top := supervisors(shop, name, 1)[0]
		err := n.Applications().Start(ctx, node.App{Name: name, Type: node.AppPermanent,
			Start: genserv.Child{Name: top.ModuleName(), Module: supervisor.Of(top)}})
		if err != nil {
			return err
		}
	}
	return nil
}

// ModuleNames returns the modules of an application in a version, its supervisors included.
func ModuleNames(app etf.Atom, vsn int) (names []etf.Atom) {
	for _, code := range (&Shop{}).modules(app, vsn) {
		names = append(names, code.Name())
	}
	slices.Sort(names)
	return names
}
