package incoming

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"mailchute/jobs"
	"mailchute/pkg/drop"
	"mailchute/pkg/event"
	"mailchute/pkg/message"
	"mailchute/store"
)

// pass is one run of the job over all feeds.
type pass struct {
	*Job
	why     jobs.Trigger
	until   time.Time // nothing is claimed later
	run     store.Run // without an ID while a run by arrival has found nothing
	claimed int
	parsers chan *message.Parser // as many as decode at once
	slots   chan struct{}
	working sync.WaitGroup

	mu       sync.Mutex
	progress Progress
	failure  error // the first failure that is no single item's: nothing more is claimed
}

// begin puts the books in order and opens those of a new run.
func (j *Job) begin(ctx context.Context, why jobs.Trigger) (*pass, error) {
	if err := j.tidy(ctx); err != nil {
		return nil, err
	}
	p := &pass{
		Job: j, why: why, until: time.Now().Add(j.RunTime),
		parsers: make(chan *message.Parser, min(runtime.GOMAXPROCS(0), j.InFlight)),
		slots:   make(chan struct{}, j.InFlight),
	}
	for range cap(p.parsers) {
		p.parsers <- message.NewParser(j.Limits)
	}
	if why != jobs.Arrival {
		return p, p.open(ctx)
	}
	return p, nil
}

// tidy closes the runs of dead processes, shows what was left unpublished, and removes
// the drop files that could not be removed when they were settled.
func (j *Job) tidy(ctx context.Context) error {
	dead, err := j.Store.CloseDead(ctx)
	for _, sum := range dead {
		sum.Log(j.Log)
	}
	if err != nil {
		return err
	}
	_, err = j.Store.Publish(ctx)
	j.reportTree(err)
	return errors.Join(j.unfinished.finish(), ctx.Err())
}

func (j *Job) reportTree(err error) {
	j.treeTrouble.Report(j.Log, err, "Documents are filed, but the library folders cannot show them yet.", "The library folders show all documents again.")
}

// open opens the run's books once.
func (p *pass) open(ctx context.Context) (err error) {
	if p.run.ID == "" {
		p.run, err = p.Store.OpenRun(ctx, p.Name(), string(p.why))
	}
	return err
}

// drain claims what every feed has ready, and returns when it is all dealt with.
func (p *pass) drain(ctx context.Context) {
	p.fail(p.room())
	for _, f := range p.feeds {
		if ctx.Err() != nil || p.full() {
			break
		}
		f.report(p.drainFeed(ctx, f))
	}
	p.working.Wait()
}

// drainFeed claims what one feed has ready. The error is the folder's.
func (p *pass) drainFeed(ctx context.Context, f *feed) error {
	folder, err := f.open()
	if err != nil {
		return err
	}
	for item, err := range folder.Claim(ctx) {
		if bad, ok := errors.AsType[*drop.Unreadable](err); ok {
			p.unreadable(f.Name, bad)
			continue
		}
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			p.working.Wait()
			return errors.Join(err, f.close())
		}
		p.claimed++
		if !p.start(ctx, item) {
			break
		}
	}
	return nil
}

// start deals with an item, beside others unless it must be alone. It reports whether
// more may be claimed.
func (p *pass) start(ctx context.Context, item *drop.Item) bool {
	if err := p.open(ctx); err != nil {
		p.fail(errors.Join(err, item.Return()))
		return false
	}
	if p.claimed%p.InFlight == 0 {
		p.fail(p.room())
	}
	if item.Alone() {
		p.working.Wait()
		p.handle(ctx, item)
		return !p.full()
	}
	p.slots <- struct{}{}
	p.working.Go(func() {
		defer func() { <-p.slots }()
		p.handle(ctx, item)
	})
	p.slots <- struct{}{} // nothing is claimed before there is room for it
	<-p.slots
	return !p.full()
}

// full reports whether the run claims nothing more.
func (p *pass) full() bool { return p.trouble() != nil || time.Now().After(p.until) }

// room says whether the store may take more: below MinFree nothing is claimed.
func (p *pass) room() error {
	if p.Space == nil {
		return nil
	}
	free, total, err := p.Space()
	if err != nil {
		return err
	}
	if float64(free) < p.MinFree*float64(total) {
		return fmt.Errorf("the disk of the store has less than %.0f %% free (min_free): make room, and the mail that waits is filed", 100*p.MinFree)
	}
	return nil
}

// end waits for the items in hand and closes the books. The error is what stopped the
// run early, or what kept the books open.
func (p *pass) end(ctx context.Context) (event.Summary, error) {
	p.working.Wait()
	if p.run.ID == "" {
		return event.Summary{}, p.trouble()
	}
	ctx = context.WithoutCancel(ctx)
	sum, err := p.Store.CloseRun(ctx, p.run.ID, p.backlog(ctx))
	if err != nil {
		return sum, errors.Join(p.trouble(), err)
	}
	sum.Log(p.Log)
	return sum, p.trouble()
}

// backlog counts the files that still wait in the feeds that can be read.
func (p *pass) backlog(ctx context.Context) (total int) {
	for _, f := range p.feeds {
		folder, err := f.open()
		if err != nil {
			continue // reported when it was drained
		}
		n, _, err := folder.Backlog(ctx)
		if err != nil {
			f.report(err)
		}
		total += n
	}
	return total
}

// fail remembers the first failure that is no single item's.
func (p *pass) fail(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil {
		p.failure = err
	}
}

func (p *pass) trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// count tells the progress.
func (p *pass) count(s store.Settled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress.Processed++
	p.progress.Documents += len(s.Documents)
	if s.State != store.Filed && s.State != store.Duplicate {
		p.progress.Errors++
	}
	if p.Progress != nil {
		p.Progress(p.progress)
	}
}
