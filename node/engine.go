package node

import (
	"errors"
	"time"

	"ergo.services/ergo/gen"
	ergonode "ergo.services/ergo/node"
)

// errEngineStopped ends ergo's start function when the node stops.
var errEngineStopped = errors.New("engine stopped")

// engine owns one ergo node. ergo numbers the processes, keeps their registered names and their supervision; its network,
// its loggers and its applications stay off (docs/adr/0002-ergo-without-its-network.md).
//
// ergo's start function takes over the signals of the whole program as its very last step and leaves a goroutine behind
// for them, which a library must not do. It loads the applications just before that, so the engine is itself an
// application: Load hands the node out and returns only when the engine is stopped, with an error, upon which ergo
// releases everything and returns to the goroutine that the engine owns.
type engine struct {
	gen.Node
	started chan gen.Node
	stop    chan struct{}
	done    chan error
}

func startEngine(name string) (*engine, error) {
	e := &engine{started: make(chan gen.Node), stop: make(chan struct{}), done: make(chan error, 1)}
	options := gen.NodeOptions{Applications: []gen.ApplicationBehavior{engineApp{e}}}
	options.Network.Mode = gen.NetworkModeDisabled
	options.Log.DefaultLogger.Disable = true
	options.Log.Level = gen.LogLevelDisabled
	go func() {
		_, err := ergonode.Start(gen.Atom(name), options, gen.Version{Name: "gonode"})
		e.done <- err
	}()
	select {
	case e.Node = <-e.started:
		return e, nil
	case err := <-e.done:
		return nil, err
	}
}

// Close stops ergo and waits until its start function has returned. The node's processes must have ended before.
func (e *engine) Close() error {
	close(e.stop)
	if err := <-e.done; !errors.Is(err, errEngineStopped) {
		return err
	}
	return nil
}

type engineApp struct{ e *engine }

func (a engineApp) Load(n gen.Node, _ ...any) (gen.ApplicationSpec, error) {
	if err := publishCron(n); err != nil {
		return gen.ApplicationSpec{}, err
	}
	a.e.started <- n
	<-a.e.stop
	return gen.ApplicationSpec{}, errEngineStopped
}

func (engineApp) Start(gen.ApplicationMode) {}
func (engineApp) Terminate(error)           {}

// publishCron keeps the race detector from stopping programs that use this package. ergo's cron sets a timer at the start of
// the node whose callback reads the field in which that timer is stored, without anything that orders the two. The callback
// first takes the jobs that are due out of a queue, so a job that this goroutine, which has written the field, puts there
// gives the order. A new job is due if it runs at the zero time, a New Year; it does nothing then, and on later ones.
func publishCron(n gen.Node) error {
	return n.Cron().AddJob(gen.CronJob{Name: "gonode", Spec: "0 0 1 1 *", Location: time.UTC, Action: nothing{}})
}

type nothing struct{}

func (nothing) Do(gen.Atom, gen.Node, time.Time) error { return nil }
func (nothing) Info() string                           { return "does nothing" }
