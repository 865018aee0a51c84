// Package journal is a server whose states own what has an end: a goroutine with a ticker, and from version 2 on
// the handle of a database. An upgrade releases what the state that is given up owns, whichever that is.
package journal

import (
	"database/sql"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Pulse is a goroutine that sends a process the atom beat, until it is stopped.
type Pulse struct{ stop, stopped chan struct{} }

// StartPulse starts one. Self and Send may be used from any goroutine.
func StartPulse(p *genserv.Process, every time.Duration) *Pulse {
	pulse := &Pulse{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(pulse.stopped)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.Send(p.Self(), etf.Atom("beat"))
			case <-pulse.stop:
				return
			}
		}
	}()
	return pulse
}

// Stop returns when the goroutine has ended.
func (p *Pulse) Stop() {
	close(p.stop)
	<-p.stopped
}

// Beats is the state of version 1: it owns a pulse.
type Beats struct {
	N     int
	Pulse *Pulse
}

// Journal is the state of version 2: it owns a pulse and a database.
type Journal struct {
	N     int
	Pulse *Pulse
	DB    *sql.DB
}

// Release ends what the state owns.
func (s Beats) Release() { s.Pulse.Stop() }

// Release ends what the state owns.
func (s Journal) Release() {
	s.Pulse.Stop()
	_ = s.DB.Close()
}

// StateTerm is what sys:get_state shows: the state has channels beside shared data, so it is shown by nothing else.
func (s Beats) StateTerm() etf.Term { return etf.Int(s.N) }

// StateTerm is what sys:get_state shows.
func (s Journal) StateTerm() etf.Term { return etf.Int(s.N) }
