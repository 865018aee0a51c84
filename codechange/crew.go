package codechange

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// crew does something in many processes at the same time: with a goroutine for each processor, and more as soon as code
// changes wait for something.
type crew struct {
	run   *run
	ctx   context.Context
	what  Step
	tasks []*task
	limit time.Duration // that a process may take; negative for no limit
	do    func(i int)   // gives a task to its process

	stopped atomic.Bool

	next atomic.Int64 // task to be given
	busy atomic.Int64 // goroutines that give some
	idle chan struct{}

	seen  int64 // next at the last look
	hired int
	look  *time.Ticker // made when somebody has to wait
}

// task is what is done in one process.
type task struct {
	*subject
	errand
	began atomic.Int64 // when it was given to the process, see sinceEpoch; 0 before
}

const (
	// tasksEach is how many tasks are worth a goroutine.
	tasksEach = 16
	// lookEvery is how often a crew is looked at. If it has not begun anything since the last time it is doubled.
	lookEvery = 5 * time.Millisecond
)

var epoch = time.Now()

func sinceEpoch() int64 { return max(1, int64(time.Since(epoch))) }

func (r *run) newCrew(ctx context.Context, what Step, tasks []*task, limit time.Duration) *crew {
	return &crew{run: r, ctx: ctx, what: what, tasks: tasks, limit: limit, idle: make(chan struct{}, 1)}
}

// work has the crew do the tasks, and returns when all have been given to their processes, or when one of these takes
// longer than it may, or has ended, or the crew was told to stop. The crew must be dismissed afterwards.
func (c *crew) work(do func(i int)) {
	if c.do = do; len(c.tasks) == 0 {
		return
	}
	c.look = time.NewTicker(lookEvery)
	c.hire(min(runtime.GOMAXPROCS(0), (len(c.tasks)+tasksEach-1)/tasksEach))
	for {
		select {
		case <-c.idle:
			return
		case <-c.ctx.Done():
			return
		case <-c.look.C:
			c.grow()
			if slices.ContainsFunc(c.tasks, c.stuck) {
				return
			}
		}
	}
}

// stuck tells whether a task takes longer than it may, or will never be done.
func (c *crew) stuck(t *task) bool {
	if t.isDone() {
		return false
	}
	select {
	case <-t.Done():
		return true
	default:
		return c.overdue(t)
	}
}

// stop has the crew begin nothing more.
func (c *crew) stop() { c.stopped.Store(true) }

// never is the beginning of a task that was not given to its process and will not be.
const never = -1

// given tells whether a task was given to its process. If not it never will be.
func (c *crew) given(t *task) bool {
	return !t.began.CompareAndSwap(0, never) && t.began.Load() != never
}

func (c *crew) hire(n int) {
	c.hired += n
	c.busy.Add(int64(n))
	for range n {
		c.run.host.Go(c.workOn)
	}
}

// workOn does tasks until there are none left. If a code change ends its goroutine another one goes on.
func (c *crew) workOn() {
	returned := false
	defer func() {
		if !returned {
			c.run.host.Go(c.workOn)
		}
	}()
	for i := c.next.Add(1) - 1; i < int64(len(c.tasks)) && !c.stopped.Load(); i = c.next.Add(1) - 1 {
		if c.tasks[i].began.CompareAndSwap(0, sinceEpoch()) {
			c.do(int(i))
		}
	}
	returned = true
	if c.busy.Add(-1) == 0 {
		select {
		case c.idle <- struct{}{}:
		default:
		}
	}
}

// await waits until a task is done, or its process has ended or has taken as long as it may. The task is then given up.
func (c *crew) await(t *task) fate {
	switch f := c.watch(t); f {
	case fateDone:
		return f
	case fateBusy:
		return t.drop()
	default:
		return t.dropAs(f)
	}
}

// watch waits like await, but the process does it sooner or later.
func (c *crew) watch(t *task) fate {
	if t.isDone() {
		return fateDone
	}
	for {
		select {
		case <-t.done():
			return fateDone
		case <-t.Done():
			return fateEnded
		case <-c.ctx.Done():
			return fateCalled
		case <-c.look.C:
			c.grow()
			if c.overdue(t) {
				return fateBusy
			}
		}
	}
}

// overdue tells whether a process has taken as long for a task as it may.
func (c *crew) overdue(t *task) bool {
	began := t.began.Load()
	return c.limit >= 0 && began > 0 && time.Duration(sinceEpoch()-began) >= c.limit
}

// grow doubles a crew that is stuck, and notes which processes are waited for.
func (c *crew) grow() {
	for _, t := range c.tasks {
		if began := t.began.Load(); began > 0 && !t.isDone() {
			c.run.noteAsked(t, &t.errand, c.what)
		}
	}
	next := c.next.Load()
	if next == c.seen && next < int64(len(c.tasks)) {
		c.hire(min(c.hired, len(c.tasks)-int(next)))
	}
	c.seen = next
}

func (c *crew) dismiss() {
	if c.look != nil {
		c.look.Stop()
	}
}
