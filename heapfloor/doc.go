// Package heapfloor lets the heap of a program grow to a floor before the garbage collector runs, whatever the ratio
// to the little that is alive. A server that receives many messages and keeps few of them saves up to a third of its
// processor time by it.
//
// The setting is one of the whole program, not of a node, so no package of this module makes it unasked. The command
// gonode does. Why Go has no such setting and how this one works: docs/adr/0013.
package heapfloor
