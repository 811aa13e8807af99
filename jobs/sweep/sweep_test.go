package sweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/sweep"
	"mailchute/pkg/durable"
	"mailchute/pkg/event"
	"mailchute/store"
	"mailchute/store/mem"
	"mailchute/store/storetest"
)

// newJob makes the job on an empty store, and returns it with its log.
func newJob(t *testing.T, wrap func(store.Catalog) store.Catalog) (*sweep.Job, *bytes.Buffer) {
	t.Helper()
	locks, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{
		Catalog: wrap(mem.NewCatalog()), Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: locks,
	})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	return &sweep.Job{Store: s, Log: zerolog.New(&log)}, &log
}

// runs returns the summaries of all runs.
func runs(t *testing.T, s *store.Store) []event.Summary {
	t.Helper()
	all, err := s.Runs(t.Context(), time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRun(t *testing.T) {
	t.Parallel()
	job, log := newJob(t, func(c store.Catalog) store.Catalog { return c })
	if again, err := job.Run(t.Context(), jobs.Schedule); err != nil || !again.IsZero() {
		t.Errorf("got %v, %v; want nothing more to do", again, err)
	}
	var logged event.Summary
	if err := json.Unmarshal(log.Bytes(), &logged); err != nil {
		t.Fatalf("%s: %v", log, err)
	}
	all := runs(t, job.Store)
	if len(all) != 1 || logged.Run != all[0].Run || logged.EventID != 6871 || logged.Job != "sweep" || logged.Trigger != "schedule" || logged.State != "closed" {
		t.Errorf("got event %+v of runs %+v, want that of the run", logged, all)
	}
	if diff := cmp.Diff(&event.Sweep{}, logged.Sweep); diff != "" {
		t.Errorf("what it did (-want +got):\n%s", diff)
	}
}

// cancelling cancels when a run has been opened.
type cancelling struct {
	store.Catalog
	cancel context.CancelFunc
}

func (c cancelling) Update(ctx context.Context, f func(store.Tx) error) error {
	return c.Catalog.Update(ctx, func(tx store.Tx) error { return f(cancellingTx{tx, c.cancel}) })
}

type cancellingTx struct {
	store.Tx
	cancel context.CancelFunc
}

func (t cancellingTx) InsertRun(r store.Run) error {
	t.cancel()
	return t.Tx.InsertRun(r)
}

// A sweep that is cut off or fails closes its books.
func TestRunCutOff(t *testing.T) {
	t.Parallel()
	cut, cancel := context.WithCancel(t.Context())
	defer cancel()
	down := errors.New("disk full")
	for name, row := range map[string]struct {
		ctx  context.Context
		wrap func(store.Catalog) store.Catalog
		want error
	}{
		"cancelled": {cut, func(c store.Catalog) store.Catalog { return cancelling{c, cancel} }, nil},
		"failed":    {t.Context(), storetest.NewEffects(storetest.Plan{At: 3, Err: down}).Catalog, down}, // after the site and the run
	} {
		job, log := newJob(t, row.wrap)
		if _, err := job.Run(row.ctx, jobs.Start); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
		if all := runs(t, job.Store); len(all) != 1 || all[0].State != "closed" {
			t.Errorf("%s: got runs %+v, want one, closed", name, all)
		}
		if n := bytes.Count(log.Bytes(), []byte("6871")); n != 1 {
			t.Errorf("%s: got %d events 6871, want one:\n%s", name, n, log)
		}
	}
}

// A run whose books cannot be closed is closed by the next, in the same process.
func TestRunThatCannotBeClosed(t *testing.T) {
	t.Parallel()
	all := storetest.NewEffects(storetest.Plan{})
	job, _ := newJob(t, all.Catalog)
	if _, err := job.Run(t.Context(), jobs.Schedule); err != nil {
		t.Fatal(err)
	}
	down := errors.New("disk full")
	job, log := newJob(t, storetest.NewEffects(storetest.Plan{At: all.Count(), Err: down}).Catalog) // the last commit
	if _, err := job.Run(t.Context(), jobs.Schedule); !errors.Is(err, down) {
		t.Errorf("got %v, want %v", err, down)
	}
	if all := runs(t, job.Store); len(all) != 1 || all[0].State != "open" {
		t.Errorf("got runs %+v, want one, open", all)
	}
	if _, err := job.Run(t.Context(), jobs.Schedule); err != nil {
		t.Error(err)
	}
	for _, r := range runs(t, job.Store) {
		if r.State != "closed" {
			t.Errorf("got run %+v, want it closed", r)
		}
	}
	if n := bytes.Count(log.Bytes(), []byte("6871")); n != 2 {
		t.Errorf("got %d events 6871, want two:\n%s", n, log)
	}
}
