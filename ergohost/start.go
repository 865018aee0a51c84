package ergohost

import (
	"errors"
	"time"

	"ergo.services/ergo/gen"
	ergonode "ergo.services/ergo/node"
)

var errStopped = errors.New("ergohost: the node of ergo has stopped")

// StartErgo starts a node of ergo that does nothing nobody asked for: ergo.StartNode adds an application that reports
// usage to a foreign host every five minutes, and every start takes the signals SIGINT and SIGTERM of the program.
// The applications of the options are loaded and started. Without options.Network.Mode set to gen.NetworkModeDisabled
// it is a member of ergo's own cluster too. It ends by its Stop.
//
// The error is that of ergo.
func StartErgo(name gen.Atom, options gen.NodeOptions) (gen.Node, error) {
	// The signals are taken in the last step, after the applications were loaded: here one of them returns from Load
	// when the node has stopped. To give the signals back, as gen.Node.SetCTRLC(false) does, races with taking them.
	applications := options.Applications
	guest := &guest{node: make(chan gen.Node)}
	options.Applications = []gen.ApplicationBehavior{guest}
	failed := make(chan error, 1)
	go func() {
		_, err := ergonode.Start(name, options, gen.Version{Name: "ergo", Release: "v1.999.320"})
		failed <- err
	}()
	var n gen.Node
	select {
	case n = <-guest.node:
	case err := <-failed:
		return nil, err
	}
	for _, a := range applications {
		loaded, err := n.ApplicationLoad(a)
		if err == nil {
			err = n.ApplicationStart(loaded, gen.ApplicationOptions{})
		}
		if err != nil {
			n.StopForce()
			return nil, err
		}
	}
	return n, nil
}

// guest is an application that is never loaded.
type guest struct{ node chan gen.Node }

// Load implements gen.ApplicationBehavior.
func (g *guest) Load(n gen.Node, _ ...any) (gen.ApplicationSpec, error) {
	// ergo's cron sets a timer whose callback reads the field in which the timer is stored, without anything that
	// orders the two. The callback first takes the jobs that are due out of a queue, so that a job that is put there
	// now gives the order.
	job := gen.CronJob{Name: "ergohost", Spec: "0 0 1 1 *", Location: time.UTC, Action: idle{}}
	if err := n.Cron().AddJob(job); err != nil {
		return gen.ApplicationSpec{}, err
	}
	g.node <- n
	n.Wait()
	return gen.ApplicationSpec{}, errStopped // of which nothing is logged, for the node has stopped
}

// Start implements gen.ApplicationBehavior.
func (*guest) Start(gen.ApplicationMode) {}

// Terminate implements gen.ApplicationBehavior.
func (*guest) Terminate(error) {}

// idle is a cron job that does nothing.
type idle struct{}

// Do implements gen.CronAction.
func (idle) Do(gen.Atom, gen.Node, time.Time) error { return nil }

// Info implements gen.CronAction.
func (idle) Info() string { return "does nothing" }
