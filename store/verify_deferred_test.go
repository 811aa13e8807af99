package store_test

import (
	"context"
	"errors"
	"testing"

	"mailchute/pkg/address"
	"mailchute/store"
)

// dropped returns options that say which drop files are there at each look.
func dropped(looks ...map[string]bool) store.VerifyOptions {
	n := 0
	return store.VerifyOptions{DropFiles: func(context.Context) (map[string]map[string]bool, error) {
		now := looks[min(n, len(looks)-1)]
		n++
		return map[string]map[string]bool{"main": now, "other": {"1.eml": true}}, nil
	}}
}

// later puts it on record that a message waits.
func (f *farm) later(l letter) {
	f.Helper()
	st := f.settlement(l)
	st.Waiting, st.Decided = []string{st.Decided[0].Recipient.String()}, nil
	_, err := f.Settle(f.Context(), st)
	f.must(errors.Join(err, st.Staging.Close()))
}

// A message of which the last word is that it waits has its drop file.
func TestDeferredDropFiles(t *testing.T) {
	t.Parallel()
	here, gone := map[string]bool{"1.eml": true, "2.eml": true}, map[string]bool{"2.eml": true}
	fileIt := func(f *farm) { f.settle(letter{key: "1", names: []string{"a"}}) }
	for name, row := range map[string]struct {
		after func(*farm)
		looks []map[string]bool
		want  bool
	}{
		"it waits":                             {func(*farm) {}, []map[string]bool{here}, false},
		"it vanished":                          {func(*farm) {}, []map[string]bool{gone}, true},
		"it vanished in a run that was closed": {func(f *farm) { f.closeRun(); f.openRun() }, []map[string]bool{gone}, true},
		"it was being moved":                   {func(*farm) {}, []map[string]bool{gone, gone, here}, false},
		"it was filed":                         {fileIt, []map[string]bool{gone}, false},
		"it was filed, and came once more":     {func(f *farm) { fileIt(f); f.later(letter{key: "1"}) }, []map[string]bool{gone}, false},
		"its recipient was written otherwise": {func(f *farm) {
			f.settle(letter{key: "1", to: "IN@Case.Test", names: []string{"a"}})
		}, []map[string]bool{gone}, false},
		"another recipient was decided": {func(f *farm) {
			st := f.settlement(letter{key: "1", to: "other@case.test"})
			st.Item.File = "copy.eml"
			_, err := f.Settle(f.Context(), st)
			f.must(errors.Join(err, st.Staging.Close()))
		}, []map[string]bool{gone}, true},
		"it could be read in the end": {func(f *farm) {
			st := f.settlement(letter{key: "read otherwise", to: "x@case.test"})
			st.Item.File = "1.eml"
			_, err := f.Settle(f.Context(), st)
			f.must(errors.Join(err, st.Staging.Close()))
		}, []map[string]bool{gone}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			f.later(letter{key: "1"})
			f.later(letter{key: "2"})
			row.after(f)
			found := f.faultsWith(dropped(row.looks...))
			if !row.want {
				if found != nil {
					t.Errorf("got %q, want no fault", found)
				}
				return
			}
			if len(found) != 1 {
				t.Errorf("got %q, want one fault", found)
			}
			wantFault(t, found, "books", "1.eml", "in no drop folder any more")
		})
	}
}

// What is decided between two looks is not missed: its file is removed after that.
func TestDeferredDecidedMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.later(letter{key: "1"})
	looks := 0
	o := store.VerifyOptions{DropFiles: func(context.Context) (map[string]map[string]bool, error) {
		if looks++; looks == 3 {
			f.settle(letter{key: "1", names: []string{"a"}})
		}
		return nil, nil
	}}
	if found := f.faultsWith(o); found != nil || looks != 3 {
		t.Errorf("got %q after %d looks, want no fault after 3", found, looks)
	}
}

// A feed that is not configured any more is what is said, not that its files are gone.
func TestDeferredOfAnotherConfiguration(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.later(letter{key: "1"})
	o := store.VerifyOptions{DropFiles: func(context.Context) (map[string]map[string]bool, error) {
		return map[string]map[string]bool{"other": {"1.eml": true}}, nil
	}}
	wantFault(t, f.faultsWith(o), "books", "1.eml", "its feed main is not in this configuration")
}

// Folders that cannot be read are a fault only where a message waits.
func TestDropFilesUnknown(t *testing.T) {
	t.Parallel()
	o := store.VerifyOptions{DropFiles: func(context.Context) (map[string]map[string]bool, error) {
		return nil, errors.New("permission denied")
	}}
	f := newFarm(t)
	if found := f.faultsWith(o); found != nil {
		t.Errorf("got %q, want no fault while nothing waits", found)
	}
	f.later(letter{key: "1"})
	wantFault(t, f.faultsWith(o), "books", "1 messages are deferred", "permission denied")
}

// The recipient of a file without an envelope has no address.
func TestDeferredWithoutEnvelope(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	st := f.settlement(letter{key: "1"})
	st.Waiting, st.Decided = []string{""}, nil
	_, err := f.Settle(t.Context(), st)
	f.must(errors.Join(err, st.Staging.Close()))
	wantFault(t, f.faultsWith(dropped(nil)), "books", "1.eml")
	st = f.settlement(letter{key: "1"})
	st.Decided[0].State, st.Decided[0].Recipient, st.Item.File = store.Deleted, address.Address{}, "copy.eml"
	_, err = f.Settle(t.Context(), st)
	f.must(errors.Join(err, st.Staging.Close()))
	if found := f.faultsWith(dropped(nil)); found != nil {
		t.Errorf("got %q, want no fault", found)
	}
}
