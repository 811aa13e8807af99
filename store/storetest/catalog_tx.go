package storetest

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"

	"mailchute/pkg/library"
	"mailchute/store"
)

var errGivenUp = errors.New("given up")

func giveUp(store.Tx) error { return errGivenUp }

func transactionRows() []catalogRow {
	return []catalogRow{
		{"an empty catalog has no rows", func(w catalogWorld) {
			equal(w, "sites", siteNames(w), nil)
			equal(w, "libraries", read(w, store.Tx.Libraries), nil)
			equal(w, "settings", read(w, store.Tx.Settings), nil)
		}},
		{"an Update that fails leaves nothing, and returns the error", func(w catalogWorld) {
			err := w.Update(w.Context(), all([]change{putSite("a"), putSite("b"), giveUp}))
			if !errors.Is(err, errGivenUp) {
				w.Errorf("Update: got error %v, want %v", err, errGivenUp)
			}
			equal(w, "sites", siteNames(w), nil)
			w.update(putSite("a"))
			equal(w, "sites after the next Update", siteNames(w), []string{"a"})
		}},
		{"an Update that panics leaves nothing", func(w catalogWorld) {
			func() {
				defer func() { _ = recover() }()
				_ = w.Update(w.Context(), all([]change{putSite("a"), func(store.Tx) error { panic("stop") }}))
				w.Error("Update swallowed a panic")
			}()
			w.update(putSite("b"))
			equal(w, "sites", siteNames(w), []string{"b"})
		}},
		{"an Update sees its own changes and those before it", func(w catalogWorld) {
			w.update(putSite("a"))
			w.update(putSite("b"), func(tx store.Tx) error {
				sites, err := tx.Sites()
				equal(w, "number of sites", len(sites), 2)
				return err
			})
		}},
		{"a View is one snapshot, whatever is committed meanwhile", func(w catalogWorld) {
			w.update(putSite("a"))
			err := w.viewed(func(tx store.Tx) error {
				before, err := tx.Sites()
				if err != nil {
					return err
				}
				committed := make(chan error)
				go func() { committed <- w.Update(w.Context(), putSite("b")) }()
				if err := <-committed; err != nil {
					return err
				}
				after, err := tx.Sites()
				equal(w, "sites after the commit", after, before)
				return err
			})
			equal(w, "error of the View", err, nil)
			equal(w, "sites of the next View", siteNames(w), []string{"a", "b"})
		}},
		{"a View while an Update runs sees what was before it, and does not wait", func(w catalogWorld) {
			w.update(putSite("a"))
			w.update(putSite("b"), func(store.Tx) error {
				equal(w, "sites", siteNames(w), []string{"a"})
				return nil
			})
		}},
		{"a View in a View does not wait", func(w catalogWorld) {
			w.update(putSite("a"))
			err := w.viewed(func(store.Tx) error {
				equal(w, "sites", siteNames(w), []string{"a"})
				return nil
			})
			equal(w, "error of the View", err, nil)
		}},
		{"a View keeps no changes", func(w catalogWorld) {
			_ = w.viewed(putSite("a")) // may fail or not
			equal(w, "sites", siteNames(w), nil)
			w.update(putSite("a"))
		}},
		{"a View returns f's error", func(w catalogWorld) {
			if err := w.viewed(giveUp); !errors.Is(err, errGivenUp) {
				w.Errorf("View: got error %v, want %v", err, errGivenUp)
			}
		}},
		{"a cancelled context begins nothing", func(w catalogWorld) {
			ctx, cancel := context.WithCancel(w.Context())
			cancel()
			ran := func(store.Tx) error {
				w.Error("f was called")
				return nil
			}
			for what, err := range map[string]error{"View": w.View(ctx, ran), "Update": w.Update(ctx, ran)} {
				if !errors.Is(err, context.Canceled) {
					w.Errorf("%s: got error %v, want %v", what, err, context.Canceled)
				}
			}
		}},
		{"Updates are serialised", serialised},
		{"a Savepoint that fails undoes what it changed, and the rest stays", func(w catalogWorld) {
			w.update(putSite("a"), func(tx store.Tx) error {
				err := tx.Savepoint(func() error { return all([]change{putSite("b"), giveUp})(tx) })
				if !errors.Is(err, errGivenUp) {
					w.Errorf("Savepoint: got error %v, want %v", err, errGivenUp)
				}
				return nil
			}, putSite("c"))
			equal(w, "sites", siteNames(w), []string{"a", "c"})
		}},
		{"a Savepoint in one that fails is undone with it", func(w catalogWorld) {
			w.update(func(tx store.Tx) error {
				_ = tx.Savepoint(func() error {
					if err := tx.Savepoint(func() error { return putSite("inner")(tx) }); err != nil {
						return err
					}
					return all([]change{putSite("outer"), giveUp})(tx)
				})
				return nil
			}, putSite("a"))
			equal(w, "sites", siteNames(w), []string{"a"})
		}},
		{"a Savepoint that fails in another one leaves that alone", func(w catalogWorld) {
			w.update(func(tx store.Tx) error {
				return tx.Savepoint(func() error {
					_ = tx.Savepoint(func() error { return all([]change{putSite("inner"), giveUp})(tx) })
					return putSite("outer")(tx)
				})
			})
			equal(w, "sites", siteNames(w), []string{"outer"})
		}},
		{"a Savepoint is undone with its Update", func(w catalogWorld) {
			_ = w.Update(w.Context(), func(tx store.Tx) error {
				if err := tx.Savepoint(func() error { return putSite("a")(tx) }); err != nil {
					w.Errorf("Savepoint: %v", err)
				}
				return errGivenUp
			})
			equal(w, "sites", siteNames(w), nil)
		}},
	}
}

func siteNames(w catalogWorld) []string {
	w.Helper()
	var names []string
	for _, s := range read(w, store.Tx.Sites) {
		names = append(names, s.Name)
	}
	return names
}

// serialised counts in a setting from several goroutines: where one Update overlaps
// another, a step is lost.
func serialised(w catalogWorld) {
	const goroutines, steps = 8, 25
	count := func(tx store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi("0" + settings["count"])
		if err != nil {
			return err
		}
		for range 100 {
			runtime.Gosched() // an invitation to the others
		}
		if err := tx.InsertSite(library.Site{Name: strconv.Itoa(n)}); err != nil {
			return err
		}
		return tx.PutSetting("count", strconv.Itoa(n+1))
	}
	var counters sync.WaitGroup
	for range goroutines {
		counters.Go(func() {
			for range steps {
				if err := w.Update(w.Context(), count); err != nil {
					w.Errorf("Update: %v", err)
				}
			}
		})
	}
	counters.Wait()
	equal(w, "settings", read(w, store.Tx.Settings), map[string]string{"count": strconv.Itoa(goroutines * steps)})
	equal(w, "number of sites", len(read(w, store.Tx.Sites)), goroutines*steps)
}
