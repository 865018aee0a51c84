package ergohost

import (
	"errors"
	"time"

	"ergo.services/ergo/gen"
	ergonode "ergo.services/ergo/node"
)

var errStopped = errors.New("ergohost: the node of ergo has stopped")

// StartErgo starts an ergo node without two things that ergo.StartNode does unasked: ergo.StartNode adds an application
// that reports usage to a foreign host every five minutes, and it takes over the signals SIGINT and SIGTERM of the
// program. StartErgo loads and starts the applications of the options. Unless options.Network.Mode is
// gen.NetworkModeDisabled, the node is a member of ergo's own cluster too. The node ends by its Stop.
//
// The error is that of ergo.
func StartErgo(name gen.Atom, options gen.NodeOptions) (gen.Node, error) {
	// ergo takes over the signals in the last step, after it has loaded the applications. So the guest application blocks
	// in Load, and returns when the node has stopped. gen.Node.SetCTRLC(false), which gives the signals back, races with
	// that step.
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
	// ergo's cron sets a timer whose callback reads the field in which the timer is stored. Nothing orders the write
	// before the read. But the callback first takes the due jobs out of a queue, so adding a job here orders the two.
	job := gen.CronJob{Name: "ergohost", Spec: "0 0 1 1 *", Location: time.UTC, Action: idle{}}
	if err := n.Cron().AddJob(job); err != nil {
		return gen.ApplicationSpec{}, err
	}
	g.node <- n
	n.Wait()
	return gen.ApplicationSpec{}, errStopped // the node has stopped, so nothing is logged
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
