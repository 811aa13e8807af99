package jobs

import (
	"context"
	"fmt"

	"github.com/robfig/cron/v3"
)

// EveryMinute is the schedule of SharePoint's incoming e-mail job.
const EveryMinute = "* * * * *"

// Scheduler rings bells by the clock of the local time zone.
type Scheduler struct{ cron *cron.Cron }

// NewScheduler returns a scheduler without entries.
func NewScheduler() *Scheduler { return &Scheduler{cron: cron.New()} }

// Add rings at the times of spec: five fields as in crontab(5), or "@every 90s".
func (s *Scheduler) Add(spec string, ring func()) error {
	if _, err := s.cron.AddFunc(spec, ring); err != nil {
		return fmt.Errorf("schedule %q: %w", spec, err)
	}
	return nil
}

// CheckSchedule says what is wrong with a schedule.
func CheckSchedule(spec string) error {
	if _, err := cron.ParseStandard(spec); err != nil {
		return fmt.Errorf("schedule %q: %w", spec, err)
	}
	return nil
}

// Run rings until ctx is done.
func (s *Scheduler) Run(ctx context.Context) {
	s.cron.Start()
	<-ctx.Done()
	<-s.cron.Stop().Done()
}
