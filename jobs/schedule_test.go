package jobs_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
)

// schedule rings the bell by spec until ctx is done.
func schedule(ctx context.Context, t *testing.T, spec string, b *jobs.Bell) {
	t.Helper()
	s := jobs.NewScheduler()
	if err := s.Add(spec, b.RingSchedule); err != nil {
		t.Fatal(err)
	}
	go s.Run(ctx)
}

// The schedule rings on the minute, whatever arrives in between.
func TestScheduleEveryMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Second) // into a minute
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
		defer stop()
		b := jobs.NewBell()
		d := newDiary(t, nothing)
		schedule(ctx, t, jobs.EveryMinute, b)
		go func() {
			time.Sleep(90 * time.Second)
			b.Ring()
		}()
		jobs.Loop(ctx, d, b, jobs.Pace{}, zerolog.Nop())
		synctest.Wait()
		d.want("0s start", "40s schedule", "1m30s arrival", "1m40s schedule", "2m40s schedule")
	})
}

// Rings during a long run are one run after it.
func TestScheduleDuringALongRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 9*time.Minute)
		defer stop()
		b := jobs.NewBell()
		d := newDiary(t, lasting(150*time.Second))
		schedule(ctx, t, jobs.EveryMinute, b)
		jobs.Loop(ctx, d, b, jobs.Pace{}, zerolog.Nop())
		synctest.Wait()
		d.want("0s start", "2m30s schedule", "5m0s schedule", "7m30s schedule")
	})
}

func TestScheduleSpecs(t *testing.T) {
	t.Parallel()
	for spec, ok := range map[string]bool{
		jobs.EveryMinute: true, "*/5 8-18 * * MON-FRI": true, "@every 90s": true, "@hourly": true,
		"": false, "* * * *": false, "* * * * * *": false, "61 * * * *": false, "@every": false, "now": false,
	} {
		if err := jobs.CheckSchedule(spec); (err == nil) != ok {
			t.Errorf("CheckSchedule(%q): got %v, want good: %v", spec, err, ok)
		}
		if err := jobs.NewScheduler().Add(spec, func() {}); (err == nil) != ok {
			t.Errorf("Add(%q): got %v, want good: %v", spec, err, ok)
		}
	}
}
