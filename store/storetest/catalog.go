package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailchute/store"
)

// TestCatalog holds a catalog to the contract of store.Catalog. open returns an empty
// one for each row, and closes it when the test ends.
func TestCatalog(t *testing.T, open func(t *testing.T) store.Catalog) {
	rows := slices.Concat(
		transactionRows(), tableRows(), libraryRows(), peopleRows(), policyRows(),
		itemRows(), heldRows(), documentRows(), removalRows(), publicationRows(), runRows(), blobRows(), sweepRows(), senderRows(), verifyRows(),
		localPartRows(), distributionRows(), requestRows(), knownRows(), entryRows(),
	)
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			t.Parallel()
			row.test(catalogWorld{T: t, Catalog: open(t)})
		})
	}
}

// catalogRow is a sentence of the contract and its proof.
type catalogRow struct {
	sentence string
	test     func(w catalogWorld)
}

// catalogWorld is one row's test and its catalog.
type catalogWorld struct {
	*testing.T
	store.Catalog
}

// change is something done in a transaction.
type change = func(store.Tx) error

// update makes the changes in one transaction.
func (w catalogWorld) update(changes ...change) {
	w.Helper()
	if err := w.Update(w.Context(), all(changes)); err != nil {
		w.Fatalf("Update: %v", err)
	}
}

// refused makes a change that must fail, in a transaction that goes on.
func (w catalogWorld) refused(want error, what string, f change) {
	w.Helper()
	w.update(func(tx store.Tx) error {
		if err := tx.Savepoint(func() error { return f(tx) }); !errors.Is(err, want) {
			w.Errorf("%s: got error %v, want %v", what, err, want)
		}
		return nil
	})
}

// equal compares what was read with what it should be. Absent and empty lists are the
// same.
func equal[V any](w catalogWorld, what string, got, want V) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Errorf("%s: got (+), want (-):\n%s", what, diff)
	}
}

func all(changes []change) change {
	return func(tx store.Tx) error {
		for _, f := range changes {
			if err := f(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// read returns what f reads in a View.
func read[V any](w catalogWorld, f func(store.Tx) (V, error)) V {
	w.Helper()
	var v V
	err := w.View(w.Context(), func(tx store.Tx) (err error) {
		v, err = f(tx)
		return err
	})
	if err != nil {
		w.Fatalf("View: %v", err)
	}
	return v
}

// readAll returns the rows of the sequence that f opens in a View.
func readAll[V any](w catalogWorld, f func(store.Tx) iter.Seq2[V, error]) []V {
	w.Helper()
	return read(w, func(tx store.Tx) ([]V, error) { return collect(f(tx)) })
}

func collect[V any](seq iter.Seq2[V, error]) ([]V, error) {
	var list []V
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// viewed runs f in a View and returns its error.
func (w catalogWorld) viewed(f func(store.Tx) error) error {
	return w.View(context.WithoutCancel(w.Context()), f)
}
