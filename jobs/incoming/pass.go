package incoming

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
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
	unfed   error                // why feeds could not be drained
	parsers chan *message.Parser // as many as decode at once
	slots   chan struct{}
	memory  *memory // for what is kept of the messages in hand
	working sync.WaitGroup

	mu       sync.Mutex
	progress Progress
	failure  error // the first failure that is no single item's: nothing more is claimed
	waits    error // why an item waits that the directory said nothing of, the first of them
}

// begin puts the books in order and opens those of a new run.
func (j *Job) begin(ctx context.Context, why jobs.Trigger) (*pass, error) {
	if err := j.tidy(ctx); err != nil {
		return nil, err
	}
	if err := j.lookForRoom(ctx); err != nil {
		return nil, err
	}
	p := &pass{
		Job: j, why: why, until: time.Now().Add(j.RunTime),
		parsers: make(chan *message.Parser, min(runtime.GOMAXPROCS(0), j.InFlight)),
		slots:   make(chan struct{}, j.InFlight),
		memory:  newMemory(),
	}
	for range cap(p.parsers) {
		p.parsers <- message.NewParser(j.Limits)
	}
	if why != jobs.Arrival {
		return p, p.open(ctx)
	}
	return p, nil
}

// tidy closes the runs that were left open, and shows what was left unpublished.
func (j *Job) tidy(ctx context.Context) error {
	if err := j.closeRuns(ctx); err != nil {
		return err
	}
	dead, err := j.Store.CloseDead(ctx)
	for _, sum := range dead {
		sum.Log(j.Log)
	}
	if err != nil {
		return err
	}
	if _, err = j.Store.Publish(ctx); ctx.Err() != nil {
		return ctx.Err()
	}
	j.reportTree(err)
	return nil
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

// drain claims what every feed has ready, and returns when it is all dealt with. Each run
// begins with another feed, so that none waits behind another's flood for ever.
func (p *pass) drain(ctx context.Context) {
	troubles := map[*feed]error{}
	for i := range p.feeds {
		if ctx.Err() != nil || p.full() {
			break
		}
		f := p.feeds[(p.first+i)%len(p.feeds)]
		troubles[f] = p.drainFeed(ctx, f)
	}
	p.first++
	p.working.Wait()
	for _, f := range p.feeds {
		err, drained := troubles[f]
		if !drained {
			continue
		}
		_, ends := f.tryEnds()
		if err = cmp.Or(err, ends); err != nil {
			if !passed(err) {
				err = f.reopen(err)
			}
			p.unfed = errors.Join(p.unfed, fmt.Errorf("feed %s: %w", f.Name, err))
		}
		if err != nil || ctx.Err() == nil {
			f.report(err)
		}
	}
}

// passed reports whether an error is that of single files alone: their folder is well.
func passed(err error) bool {
	_, ok := errors.AsType[*drop.Passed](err)
	return ok
}

// drainFeed claims what one feed has ready. The error is the folder's, or passed.
func (p *pass) drainFeed(ctx context.Context, f *feed) (trouble error) {
	f.refresh()
	folder, err := f.open()
	if err != nil {
		return err
	}
	tooMany, err := f.tryEnds()
	if tooMany {
		return err
	}
	for item, err := range folder.Claim(ctx) {
		if bad, ok := errors.AsType[*drop.Unreadable](err); ok {
			p.unreadable(f.Name, bad)
			continue
		}
		if err != nil && ctx.Err() == nil { // it ends by itself where it must
			if trouble == nil || passed(trouble) {
				trouble = err
			}
		}
		if err != nil {
			continue
		}
		p.claimed++
		if !p.start(ctx, f, item) {
			break
		}
	}
	return trouble
}

// start deals with an item, beside others unless it must be alone. It reports whether
// more may be claimed.
func (p *pass) start(ctx context.Context, f *feed, item *drop.Item) bool {
	if err := p.open(ctx); err != nil {
		p.fail(err)
		f.end(item, item.Return)
		return false
	}
	if item.Alone() {
		p.working.Wait()
		p.handle(ctx, f, item)
		return !p.full()
	}
	p.slots <- struct{}{}
	p.working.Go(func() {
		defer func() { <-p.slots }()
		p.handle(ctx, f, item)
	})
	p.slots <- struct{}{} // nothing is claimed before there is room for it
	<-p.slots
	return !p.full()
}

// full reports whether the run claims nothing more.
func (p *pass) full() bool {
	p.fail(p.room())
	return p.trouble() != nil || time.Now().After(p.until)
}

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
		return tooFull{p.MinFree}
	}
	return nil
}

// tooFull says that less than a share of the store's disk is free. It is the same trouble
// as a disk that is full.
type tooFull struct{ minFree float64 }

func (e tooFull) Error() string {
	return fmt.Sprintf("the disk of the store has less than %.3g %% free (min_free): make room, and the mail that waits is filed", 100*e.minFree)
}

func (e tooFull) Unwrap() error { return syscall.ENOSPC }

// end waits for the items in hand and closes the books. The error is what stopped the
// run early, or what kept the books open.
func (p *pass) end(ctx context.Context) (event.Summary, error) {
	p.working.Wait()
	if p.run.ID == "" {
		return event.Summary{}, p.trouble()
	}
	waiting := p.backlog(ctx)
	sum, err := p.Store.CloseRun(context.WithoutCancel(ctx), p.run.ID, waiting)
	if err != nil {
		p.unclosed = append(p.unclosed, unclosed{p.run.ID, waiting})
		return sum, errors.Join(p.trouble(), err)
	}
	sum.Log(p.Log)
	return sum, p.trouble()
}

// unclosed is a run of ours whose books could not be closed.
type unclosed struct {
	run     string
	backlog store.Backlog
}

// closeRuns closes the books that could not be closed before.
func (j *Job) closeRuns(ctx context.Context) error {
	for len(j.unclosed) > 0 {
		sum, err := j.Store.CloseRun(ctx, j.unclosed[0].run, j.unclosed[0].backlog)
		if err != nil {
			return err
		}
		sum.Log(j.Log)
		j.unclosed = j.unclosed[1:]
	}
	return nil
}

// countTime bounds a count of what waits where there is no time for a long one.
const countTime = time.Second

// backlog counts the files that still wait in the feeds that can be read, and finds the
// oldest, as drop.Folder.Backlog does. A process that is to stop counts for a second at
// most: then there may be more.
func (p *pass) backlog(ctx context.Context) (all store.Backlog) {
	if ctx.Err() != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
		defer cancel()
		ctx = late
	}
	for _, f := range p.feeds {
		folder, err := f.open()
		if err != nil {
			continue // reported when it was drained
		}
		n, oldest, err := folder.Backlog(ctx)
		all.Files += n
		if !oldest.IsZero() && (all.Oldest.IsZero() || oldest.Before(all.Oldest)) {
			all.Oldest = oldest
		}
		if ctx.Err() != nil {
			break
		}
		f.reportCount(err)
	}
	return all
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
