package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
)

// diary is a job that writes down when it ran and why. It is for synctest bubbles, whose
// clock stands while anything runs.
type diary struct {
	t       *testing.T
	began   time.Time
	runs    []string
	running atomic.Bool
	run     func(ctx context.Context, n int) (again time.Time, err error) // n from 1
}

func newDiary(t *testing.T, run func(ctx context.Context, n int) (time.Time, error)) *diary {
	return &diary{t: t, began: time.Now(), run: run}
}

func (d *diary) Name() string { return "diary" }

func (d *diary) Run(ctx context.Context, why jobs.Trigger) (time.Time, error) {
	if !d.running.CompareAndSwap(false, true) {
		d.t.Error("two runs at the same time")
	}
	defer d.running.Store(false)
	d.runs = append(d.runs, fmt.Sprintf("%v %s", time.Since(d.began), why))
	return d.run(ctx, len(d.runs))
}

// want fails the test unless the job ran at these times, for these reasons.
func (d *diary) want(runs ...string) {
	d.t.Helper()
	if diff := cmp.Diff(runs, d.runs); diff != "" {
		d.t.Errorf("runs (-want +got):\n%s", diff)
	}
}

// nothing is a run that takes no time and asks for no other.
func nothing(context.Context, int) (time.Time, error) { return time.Time{}, nil }

// lasting returns a run that takes some time.
func lasting(d time.Duration) func(context.Context, int) (time.Time, error) {
	return func(context.Context, int) (time.Time, error) {
		time.Sleep(d)
		return time.Time{}, nil
	}
}

// loop runs the job's loop for so long, with ring beside it, and returns the log.
func loop(t *testing.T, j jobs.Job, b *jobs.Bell, p jobs.Pace, d time.Duration, ring func()) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	var log bytes.Buffer
	go ring()
	jobs.Loop(ctx, j, b, p, zerolog.New(&log))
	synctest.Wait()
	return log.String()
}

func TestLoopRunsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary(t, nothing)
		loop(t, d, jobs.NewBell(), jobs.Pace{}, time.Hour, func() {})
		d.want("0s start")
	})
}

// Whatever rings during a run, and however often, starts one run after it.
func TestLoopRungDuringARun(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		ring func(*jobs.Bell)
		want []string
	}{
		{"arrivals", (*jobs.Bell).Ring, []string{"0s start", "10.25s arrival"}},
		{"schedule", (*jobs.Bell).RingSchedule, []string{"0s start", "10s schedule"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := jobs.NewBell()
				d := newDiary(t, lasting(10*time.Second))
				loop(t, d, b, jobs.Pace{}, time.Hour, func() {
					for range 9 {
						time.Sleep(time.Second)
						row.ring(b)
						row.ring(b)
					}
				})
				d.want(row.want...)
			})
		})
	}
}

// A flood of arrivals is handled by few runs; the schedule does not wait for the pause.
func TestLoopKeepsRunsApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := jobs.NewBell()
		d := newDiary(t, nothing)
		loop(t, d, b, jobs.Pace{}, time.Hour, func() {
			for i := range 100 { // for a second
				b.Ring()
				if i == 55 {
					b.RingSchedule()
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		d.want("0s start", "250ms arrival", "500ms arrival", "550ms schedule", "800ms arrival", "1.05s arrival")
	})
}

func TestLoopWaitsForTheBell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := jobs.NewBell()
		d := newDiary(t, nothing)
		loop(t, d, b, jobs.Pace{Apart: time.Second}, time.Hour, func() {
			time.Sleep(time.Minute)
			b.Ring()
			time.Sleep(100 * time.Millisecond)
			b.Ring()
			time.Sleep(time.Minute)
			b.RingSchedule()
		})
		d.want("0s start", "1m0s arrival", "1m1s arrival", "2m0.1s schedule")
	})
}

// A run that asks for another one gets it in time, or at once where the time is past,
// but not without the pause.
func TestLoopAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		after := []time.Duration{30 * time.Second, -time.Hour, time.Millisecond}
		d := newDiary(t, func(_ context.Context, n int) (time.Time, error) {
			if n > len(after) {
				return time.Time{}, nil
			}
			return time.Now().Add(after[n-1]), nil
		})
		loop(t, d, jobs.NewBell(), jobs.Pace{}, time.Hour, func() {})
		d.want("0s start", "30s arrival", "30.25s arrival", "30.5s arrival")
	})
}

// A bell that rings before a run's own time asks for a run of its own, which says anew
// when the next is due.
func TestLoopRungBeforeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := jobs.NewBell()
		d := newDiary(t, func(_ context.Context, n int) (time.Time, error) {
			if n == 1 {
				return time.Now().Add(time.Minute), nil
			}
			return time.Time{}, nil
		})
		loop(t, d, b, jobs.Pace{}, time.Hour, func() {
			time.Sleep(20 * time.Second)
			b.Ring()
		})
		d.want("0s start", "20s arrival")
	})
}

// A job that fails is tried again, and complained of when its trouble begins, changes
// and ends.
func TestLoopRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		trouble := []string{"disk full", "disk full", "disk full", "no disk", "", ""}
		d := newDiary(t, func(_ context.Context, n int) (time.Time, error) {
			if text := trouble[n-1]; text != "" {
				return time.Time{}, errors.New(text)
			}
			if n == len(trouble) {
				return time.Time{}, nil
			}
			return time.Now().Add(time.Minute), nil
		})
		log := loop(t, d, jobs.NewBell(), jobs.Pace{}, time.Hour, func() {})
		if len(d.runs) != 6 {
			t.Errorf("got runs %q, want six", d.runs)
		}

		lines := strings.Split(strings.TrimSpace(log), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "disk full") || !strings.Contains(lines[1], `"level":"error"`) ||
			!strings.Contains(lines[2], `"level":"info"`) {
			t.Errorf("got the log\n%s\nwant it once for each trouble, and once when it is over", log)
		}
		if strings.Count(log, `"job":"diary"`) != len(lines) {
			t.Errorf("got the log\n%s\nwant the job named in each line", log)
		}
	})
}

// The waits double up to a bound, differ by chance, and begin anew after a run that did
// not fail.
func TestLoopBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		d := newDiary(t, func(_ context.Context, n int) (time.Time, error) {
			at = append(at, time.Now())
			if n == 9 {
				return time.Now().Add(time.Second), nil
			}
			return time.Time{}, errors.New("down")
		})
		loop(t, d, jobs.NewBell(), jobs.Pace{}, 10*time.Minute, func() {})
		exact := 0
		for i, want := range []time.Duration{5, 10, 20, 40, 80, 80, 80, 80, 1, 5, 10} {
			want *= time.Second
			got := at[i+1].Sub(at[i])
			if got < want || got > want+want/4 {
				t.Errorf("wait %d: got %v, want %v and up to a quarter more", i+1, got, want)
			}
			if got == want {
				exact++
			}
		}
		if exact > 2 {
			t.Errorf("got %d waits without anything by chance", exact)
		}
	})
}

// The schedule may ring before a failed job is due again.
func TestLoopRetryByTheSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := jobs.NewBell()
		d := newDiary(t, func(context.Context, int) (time.Time, error) { return time.Time{}, errors.New("down") })
		loop(t, d, b, jobs.Pace{Retry: time.Hour}, 90*time.Minute, func() {
			time.Sleep(time.Minute)
			b.RingSchedule()
		})
		if len(d.runs) != 2 || d.runs[1] != "1m0s schedule" {
			t.Errorf("got runs %q, want the schedule's before the other", d.runs)
		}
	})
}

// The loop ends with its context: in the pause, while it waits, and after the run in hand.
func TestLoopEnds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		after time.Duration
		run   func(context.Context, int) (time.Time, error)
		want  time.Duration
	}{
		{"in the pause", 100 * time.Millisecond, nothing, 100 * time.Millisecond},
		{"waiting", time.Minute, nothing, time.Minute},
		{"in a run", time.Second, lasting(3 * time.Second), 3 * time.Second},
		{"in a run that listens", time.Second, func(ctx context.Context, _ int) (time.Time, error) {
			<-ctx.Done()
			return time.Time{}, nil
		}, time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDiary(t, row.run)
				loop(t, d, jobs.NewBell(), jobs.Pace{}, row.after, func() {})
				if got := time.Since(d.began); got != row.want {
					t.Errorf("got the end after %v, want %v", got, row.want)
				}
				d.want("0s start")
			})
		})
	}
}

func TestLoopOfACancelledContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d := newDiary(t, nothing)
		jobs.Loop(ctx, d, jobs.NewBell(), jobs.Pace{}, zerolog.Nop())
		d.want()
	})
}
