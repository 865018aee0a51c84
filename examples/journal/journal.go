// Package journal is a server whose states own resources that have to be released: a goroutine with a ticker, and from
// version 2 on a database handle. After an upgrade, the resources of the discarded state are released, whether that is
// the old or the new one.
package journal

import (
	"database/sql"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Pulse is a goroutine that sends the atom beat to a process until it is stopped.
type Pulse struct{ stop, stopped chan struct{} }

// StartPulse starts a pulse. The goroutine may use p, because Self and Send may be called from any goroutine.
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

// Stop stops the goroutine and returns when it has ended.
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

// Release releases what the state owns.
func (s Beats) Release() { s.Pulse.Stop() }

// Release releases what the state owns.
func (s Journal) Release() {
	s.Pulse.Stop()
	_ = s.DB.Close()
}

// StateTerm returns what sys:get_state shows. The state contains channels and shared data, which have no term.
func (s Beats) StateTerm() etf.Term { return etf.Int(s.N) }

// StateTerm returns what sys:get_state shows.
func (s Journal) StateTerm() etf.Term { return etf.Int(s.N) }
