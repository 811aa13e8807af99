package incoming_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/library"
)

// Where no event is ever heard, the schedule drains alone, within a minute.
func TestNoEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "eml")
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		ctx, stop := context.WithCancel(t.Context())
		bell, schedule := jobs.NewBell(), jobs.NewScheduler()
		w.must(schedule.Add(jobs.EveryMinute, bell.RingSchedule))
		var wg sync.WaitGroup
		wg.Go(func() { schedule.Run(ctx) })
		wg.Go(func() { jobs.Loop(ctx, w.job, bell, jobs.Pace{}, zerolog.Nop()) })
		for i := range 3 {
			time.Sleep(25 * time.Second) // never on the minute
			w.drop(fmt.Sprintf("%d.eml", i), good())
			time.Sleep(time.Minute)
			if got := len(w.documents("invoices")); got != i+1 {
				t.Errorf("got %d documents a minute after arrival %d, want %d", got, i+1, i+1)
			}
		}
		stop()
		wg.Wait()
		w.filed(3)
	})
}

// After a flood in which the system drops events, all is filed without the schedule, and
// each message once.
func TestEventsLost(t *testing.T) {
	t.Parallel()
	const n = 200
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	ctx, stop := context.WithCancel(t.Context())
	bell, ran := jobs.NewBell(), make(chan bool, 1000)
	rung, hear := make(chan bool), make(chan bool)
	var wg sync.WaitGroup
	wg.Go(func() { jobs.Loop(ctx, told{w.job, ran}, bell, jobs.Pace{}, zerolog.Nop()) })
	soon(t, ran)
	wg.Go(func() {
		w.job.Watch(ctx, func() {
			bell.Ring()
			rung <- true
			<-hear // nobody reads events meanwhile
		})
	})
	soon(t, rung) // watching
	soon(t, ran)
	hear <- true
	w.drop("first.eml", good())
	soon(t, rung)
	soon(t, ran)
	floodEvents(t, filepath.Join(w.dir, "drop"))
	for i := range n {
		w.drop(fmt.Sprintf("%d.eml", i), good())
	}
	hear <- true
	soon(t, rung) // for the events that were lost
	close(hear)
	soon(t, ran)
	stop()
	wg.Wait()
	w.filed(n + 1)
}

// told is a job that says when a run has ended.
type told struct {
	jobs.Job
	ran chan<- bool
}

func (j told) Run(ctx context.Context, why jobs.Trigger) (time.Time, error) {
	defer func() { j.ran <- true }()
	return j.Job.Run(ctx, why)
}

// floodEvents makes more events of a hidden file, which is no message, than the system
// keeps for those who do not read them.
func floodEvents(t *testing.T, dir string) {
	t.Helper()
	queue := 50_000
	if limit, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(limit))); err == nil {
			queue = max(queue, n)
		}
	}
	a, b := filepath.Join(dir, ".a"), filepath.Join(dir, ".b")
	if err := os.WriteFile(a, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range queue { // each is two events
		if err := os.Rename(a, b); err != nil {
			t.Fatal(err)
		}
		a, b = b, a
	}
	if err := os.Remove(a); err != nil {
		t.Fatal(err)
	}
}
