package jobs_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/jobs"
)

// A bell may be rung by anybody, with nobody there to hear it.
func TestBellNeverBlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := jobs.NewBell()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range 100 {
					b.Ring()
					b.RingSchedule()
				}
			})
		}
		wg.Wait()
		d := newDiary(t, nothing)
		loop(t, d, b, jobs.Pace{}, time.Hour, func() {})
		d.want("0s start", "0s schedule", "250ms arrival")
	})
}
