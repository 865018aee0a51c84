package codechange

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// workerPool does a task in many processes at the same time. It starts with a goroutine for each processor, and adds
// more when code changes wait for something.
type workerPool struct {
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

	lastNext int64 // next at the last look
	workers  int
	ticker   *time.Ticker // made when somebody has to wait
}

// task is what is done in one process.
type task struct {
	*subject
	request
	began atomic.Int64 // when it was given to the process, see sinceEpoch; 0 before
}

const (
	// tasksPerWorker is for how many tasks a goroutine is started.
	tasksPerWorker = 16
	// checkInterval is the time between two checks of the pool. If no task was begun between two checks, the number of
	// workers is doubled.
	checkInterval = 5 * time.Millisecond
)

var epoch = time.Now()

func sinceEpoch() int64 { return max(1, int64(time.Since(epoch))) }

func (r *run) newWorkerPool(ctx context.Context, what Step, tasks []*task, limit time.Duration) *workerPool {
	return &workerPool{run: r, ctx: ctx, what: what, tasks: tasks, limit: limit, idle: make(chan struct{}, 1)}
}

// work has the workers do the tasks. It returns when all have been sent to their processes, when one takes too long or
// its process has ended, or when the pool was told to stop. Afterwards stopTicker has to be called.
func (c *workerPool) work(do func(i int)) {
	if c.do = do; len(c.tasks) == 0 {
		return
	}
	c.ticker = time.NewTicker(checkInterval)
	c.startWorkers(min(runtime.GOMAXPROCS(0), (len(c.tasks)+tasksPerWorker-1)/tasksPerWorker))
	for {
		select {
		case <-c.idle:
			return
		case <-c.ctx.Done():
			return
		case <-c.ticker.C:
			c.growIfStuck()
			if slices.ContainsFunc(c.tasks, c.isStuck) {
				return
			}
		}
	}
}

// isStuck tells whether a task takes longer than it may, or will never be done.
func (c *workerPool) isStuck(t *task) bool {
	if t.isDone() {
		return false
	}
	select {
	case <-t.Done():
		return true
	default:
		return c.isOverdue(t)
	}
}

// stop makes the workers begin no more tasks.
func (c *workerPool) stop() { c.stopped.Store(true) }

// notSent is the time of sending of a task that will never be sent.
const notSent = -1

// wasSent tells whether a task was sent to its process. If not, it never will be.
func (c *workerPool) wasSent(t *task) bool {
	return !t.began.CompareAndSwap(0, notSent) && t.began.Load() != notSent
}

func (c *workerPool) startWorkers(n int) {
	c.workers += n
	c.busy.Add(int64(n))
	for range n {
		c.run.host.Go(c.workLoop)
	}
}

// workLoop does tasks until there are none left. If a code change ends its goroutine, another one continues.
func (c *workerPool) workLoop() {
	returned := false
	defer func() {
		if !returned {
			c.run.host.Go(c.workLoop)
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

// await waits until a task is done, or its process has ended or has taken too long. In these cases the task is
// abandoned.
func (c *workerPool) await(t *task) fate {
	switch f := c.watch(t); f {
	case fateDone:
		return f
	case fateBusy:
		return t.abandon()
	default:
		return t.abandonAs(f)
	}
}

// watch waits like await, but does not abandon the task.
func (c *workerPool) watch(t *task) fate {
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
			return fateCancelled
		case <-c.ticker.C:
			c.growIfStuck()
			if c.isOverdue(t) {
				return fateBusy
			}
		}
	}
}

// isOverdue tells whether a process has taken as long for a task as it may.
func (c *workerPool) isOverdue(t *task) bool {
	began := t.began.Load()
	return c.limit >= 0 && began > 0 && time.Duration(sinceEpoch()-began) >= c.limit
}

// growIfStuck doubles the number of workers if no task was begun since the last check, and notes which processes are
// waited for.
func (c *workerPool) growIfStuck() {
	for _, t := range c.tasks {
		if began := t.began.Load(); began > 0 && !t.isDone() {
			c.run.noteAsked(t, &t.request, c.what)
		}
	}
	next := c.next.Load()
	if next == c.lastNext && next < int64(len(c.tasks)) {
		c.startWorkers(min(c.workers, len(c.tasks)-int(next)))
	}
	c.lastNext = next
}

func (c *workerPool) stopTicker() {
	if c.ticker != nil {
		c.ticker.Stop()
	}
}
