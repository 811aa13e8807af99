package incoming_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
)

// A message that arrives while the loop waits is filed without the schedule, and the
// loop ends when it is asked to.
func TestArrivals(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ format, folder string }{{"eml", ""}, {"drop-write", "new"}} {
		t.Run(row.format, func(t *testing.T) {
			t.Parallel()
			processed := make(chan incoming.Progress, 10)
			w := newWorld(t, row.format, with(func(o *incoming.Options) {
				o.Progress = func(p incoming.Progress) { processed <- p }
			}))
			w.library(library.Library{Name: "invoices"})
			w.must(os.MkdirAll(filepath.Join(w.dir, "drop", row.folder), 0o700))
			ctx, stop := context.WithCancel(t.Context())
			bell := jobs.NewBell()
			watching := make(chan struct{})
			var once sync.Once
			var wg sync.WaitGroup
			wg.Go(func() { jobs.Loop(ctx, w.job, bell, jobs.Pace{}, zerolog.Nop()) })
			wg.Go(func() {
				w.job.Watch(ctx, func() {
					bell.Ring()
					once.Do(func() { close(watching) })
				})
			})
			soon(t, watching)

			content := good()
			if row.format == "drop-write" {
				content = mail("alice@case.test", "invoices@case.test") + "X-EndOfInjectedXHeaders: 1\r\n" + letter
			}
			for i, name := range []string{"1.eml", "2.eml"} {
				w.drop(filepath.Join(row.folder, name), content)
				if p := soon(t, processed); p.Processed == 0 || p.Documents == 0 || p.Errors > 0 {
					t.Errorf("message %d: got progress %+v, want it filed", i+1, p)
				}
			}
			stop()
			wg.Wait()
			if docs := w.documents("invoices"); len(docs) != 2 {
				t.Errorf("got %d documents, want 2", len(docs))
			}
			w.drained()
			w.verify()
		})
	}
}

// soon returns what c has next; it gives up where that never comes.
func soon[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(time.Minute):
		t.Fatal("nothing has come for a minute")
	}
	panic("unreachable")
}
