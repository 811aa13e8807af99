package dms

import (
	"context"
	"time"
)

// watchEvery is how often the catalog is asked whether it changed.
const watchEvery = 2 * time.Second

// Watch calls ring when the catalog was changed by any process, at once when it begins, and
// then about two seconds after the change; until ctx is done. It may run beside Run.
func (j *Job) Watch(ctx context.Context, ring func()) {
	last := int64(-1)
	for {
		now, err := j.Store.LastChange(ctx)
		if ctx.Err() != nil {
			return
		}
		j.unread.Report(j.Log, err, "It cannot be seen whether the catalog changes; the directory follows by the schedule alone.", "Changes of the catalog are seen again.")
		if err == nil && now != last {
			last = now
			ring()
		}
		if pause(ctx, watchEvery) != nil {
			return
		}
	}
}
