package heapfloor

import (
	"runtime"
	"runtime/debug"
	"time"
)

// quietPeriod is how long a program with a large heap has to be quiet until its memory is given back.
const quietPeriod = 2 * time.Second

// quietPeriods is how many such periods the heap would take, at the pace of the last one, to reach the next collection
// of a program that is quiet.
const quietPeriods = 30

// freeingShare bounds what giving memory back may cost: a hundredth of the time.
const freeingShare = 100

// run tunes the percentage after each collection, and gives memory back when the program has fallen quiet.
func (t *tuner) run(stop <-chan struct{}) {
	collected := make(chan struct{}, 1)
	collected <- struct{}{} // what there is already may be large
	q := quietWatch{timer: time.NewTimer(quietPeriod)}
	defer q.timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-collected:
			notifyCollected(collected)
			t.mu.Lock()
			t.tune(readHeap())
			floor := t.floor()
			t.mu.Unlock()
			q.collected(floor)
		case <-q.timer.C:
			q.passed()
		}
	}
}

// notifyCollected sends to c after the next collection: an object without references is finalized after it. The object
// is large since the runtime sweeps large ones first, so the notice does not wait for the rest of the heap.
func notifyCollected(c chan<- struct{}) {
	type large [40 << 10]byte
	runtime.SetFinalizer(new(large), func(*large) {
		select {
		case c <- struct{}{}:
		default:
		}
	})
}

// quietWatch notices that a program is quiet after its heap was large. Then the runtime does not collect what the last
// messages left, for two minutes.
type quietWatch struct {
	timer *time.Timer // ends a period; stopped while the heap is small
	floor uint64
	last  heapState // at the begin of the period
	freed heapState // when memory was given back last
	rest  time.Time // until then it is not given back again
}

// collected begins a period, if the heap is or may become larger than twice the floor.
func (q *quietWatch) collected(floor uint64) {
	q.floor, q.last = max(floor, Default), readHeap()
	if max(q.last.held, q.last.goal) <= 2*q.floor {
		q.timer.Stop()
		return
	}
	q.timer.Reset(quietPeriod)
}

// passed ends a period and begins another one, unless the program was quiet.
func (q *quietWatch) passed() {
	now := readHeap()
	switch q.assess(now) {
	case busy:
		q.last = now
		q.timer.Reset(quietPeriod)
	case quiet:
		begin := time.Now()
		debug.FreeOSMemory()
		q.rest = begin.Add(freeingShare * time.Since(begin))
		q.freed = readHeap()
	}
}

type quietness int

const (
	busy  quietness = iota
	quiet           // for a period, and there is something to give back
	freed           // hardly anything was allocated since memory was given back
)

func (q *quietWatch) assess(now heapState) quietness {
	switch {
	case now.allocs-q.freed.allocs < q.floor:
		return freed
	case now.cycles != q.last.cycles, time.Now().Before(q.rest),
		now.live+quietPeriods*(now.allocs-q.last.allocs) >= now.goal:
		return busy
	}
	return quiet
}
