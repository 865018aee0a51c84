// Package driver is for whoever runs servers of genserv, as node does; an author of servers needs none of it.
//
// A driver gives every process a [Proc], which serves what the process asks of its node, and a mailbox, from which it
// hands the messages to a genserv.Loop, one after the other:
//
//	loop := genserv.NewLoop(module, proc, driver.Options{Name: name})
//	_, next, err := loop.Start(args)             // err is what the starter learns
//	for !next.Stopped {
//		switch msg, ok := mailbox.Next(); {
//		case next.Again:   next = loop.Timeout()
//		case ok:           next = loop.Handle(msg)
//		case timed out:    next = loop.Timeout()   // after next.Wait with an empty mailbox
//		}
//	}
//	// the process has ended with next.Reason
//
// The messages of gen_server and sys are made by [CallMessage], [CastMessage] and [SystemMessage]. The
// package genserv/genservtest is a driver for tests.
package driver
