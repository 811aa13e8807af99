package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/store"
	"mailchute/store/mem"
)

// remove removes a document of the library "in".
func (f *farm) remove(at string) store.Document {
	f.Helper()
	removal, err := f.RemoveDocument(f.Context(), "in", at)
	f.must(errors.Join(err, removal.Tree))
	return removal.Document
}

// shows returns what the tree shows of the library "in".
func (f *farm) shows() map[string]bool {
	f.Helper()
	shown := map[string]bool{}
	for at, err := range f.tree.All(f.Context()) {
		f.must(err)
		shown[strings.TrimPrefix(at, "default/in/")] = true
	}
	return shown
}

func (f *farm) wantShown(names ...string) {
	f.Helper()
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	if diff := cmp.Diff(want, f.shows()); diff != "" {
		f.Errorf("files in the tree (-want +got):\n%s", diff)
	}
}

func TestRemoveDocument(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	f.settle(letter{key: "1", folder: "F", names: []string{"A", "b"}})
	before := must(f.LastChange(ctx))
	removed := f.remove("f/a")
	want := store.Document{
		Library: "in", Folder: "F", FolderKey: "f", Name: "A", NameKey: "a", Version: 2,
		Author: "tester", Created: removed.Created, Removed: true,
	}
	all := must(f.Versions(ctx, "in", "F/A"))
	if len(all) != 2 || all[1] != want || removed != want || removed.Created.Before(all[0].Created) {
		t.Errorf("got %+v, and versions %+v; want the second to be %+v", removed, all, want)
	}
	if n := must(f.LastChange(ctx)); n <= before {
		t.Errorf("got change %d after %d, want the removal on record", n, before)
	}
	if diff := cmp.Diff([]string{"F/b v1"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	f.wantShown("F/b")
	if _, err := f.OpenDocument(ctx, all[1]); !errors.Is(err, fault.ErrNotFound) || !strings.Contains(err.Error(), "by tester") {
		t.Errorf("the bytes of the removal: got %v, want that it was removed, and by whom", err)
	}
	f.must(must(f.OpenDocument(ctx, all[0])).Close())
	for _, at := range []string{"F/A", "F/x", "A"} {
		if _, err := f.RemoveDocument(ctx, "in", at); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("remove %s: got %v, want %v", at, err, fault.ErrNotFound)
		}
	}
	if _, err := f.RemoveDocument(ctx, "x", "A"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("remove from no library: got %v, want %v", err, fault.ErrNotFound)
	}
	if got := f.settle(letter{key: "1", folder: "F", names: []string{"A", "b"}}).State; got != store.Duplicate {
		t.Errorf("the same message again: got %s, want duplicate", got)
	}
	f.verify()
}

// A name is free again once its document was removed, for the next version of it; but no
// folder takes it.
func TestNamesOfRemovedDocuments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		first  []letter
		remove []string
		then   letter
		want   []string
	}{
		{
			"without overwrite",
			[]letter{{key: "1", names: []string{"A.pdf"}}},
			[]string{"a.pdf"},
			letter{names: []string{"a.PDF"}},
			[]string{"A.pdf v3"},
		},
		{
			"with overwrite",
			[]letter{{key: "1", names: []string{"a"}}, {key: "2", names: []string{"a"}, overwrite: true}},
			[]string{"a"},
			letter{names: []string{"a"}, overwrite: true},
			[]string{"a v4"},
		},
		{
			"a numbered name",
			[]letter{{key: "1", names: []string{"a"}}, {key: "2", names: []string{"a"}}},
			[]string{"a (2)"},
			letter{names: []string{"a", "a (2)"}},
			[]string{"a (2) v3", "a (3) v1", "a v1"},
		},
		{
			"a folder",
			[]letter{{key: "1", names: []string{"report"}}},
			[]string{"report"},
			letter{folder: "Report", names: []string{"a", "report"}},
			[]string{"Report (2)/a v1", "Report (2)/report v1"},
		},
		{
			"the name of a folder that is empty now",
			[]letter{{key: "1", folder: "report", names: []string{"a"}}},
			[]string{"report/a"},
			letter{names: []string{"report"}},
			[]string{"report (2) v1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			for _, l := range tt.first {
				f.settle(l)
			}
			for _, at := range tt.remove {
				f.remove(at)
			}
			tt.then.key = "then"
			f.settle(tt.then)
			got := map[string]bool{}
			for _, name := range f.names() {
				got[name] = true
			}
			for _, name := range tt.want {
				if !got[name] || len(got) != len(tt.want) {
					t.Errorf("got documents %v, want %q", got, tt.want)
				}
			}
			f.verify()
		})
	}
}

// withdrawing lets others go first before it takes a file away, and fails with err.
type withdrawing struct {
	store.Tree
	first func()
	err   error
}

func (w *withdrawing) Unpublish(ctx context.Context, at string) error {
	if f := w.first; f != nil {
		w.first = nil
		f()
	}
	if w.err != nil {
		return w.err
	}
	return w.Tree.Unpublish(ctx, at)
}

// A removal that is committed is shown by the next publication, if the tree failed and if
// the process died before or after it took the file away.
func TestRemovalIsCompleted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dies bool
		err  error
	}{
		"the tree fails":                     {err: errors.New("input/output error")},
		"it dies before the file is gone":    {dies: true, err: errDead},
		"it dies before that is on record":   {dies: true},
		"it loses power before that is sure": {dies: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			f.settle(letter{key: "1", names: []string{"a", "b"}})
			must(f.Publish(t.Context()))
			tree, catalog := &withdrawing{Tree: f.tree, err: tt.err}, &mortalCatalog{Catalog: f.catalog}
			other := openBeside(f, store.Options{Catalog: catalog, Tree: tree})
			tree.first = func() { catalog.dead = tt.dies }
			removal, err := other.RemoveDocument(t.Context(), "in", "a")
			if err != nil || removal.Tree == nil || removal.Version != 2 {
				t.Errorf("got %+v, %v; want it removed, and what kept the tree", removal, err)
			}
			if strings.Contains(name, "power") {
				f.tree.(*mem.Tree).LosePower()
			}
			if err := other.Close(); tt.dies != errors.Is(err, errDead) {
				t.Errorf("Close: got error %v, dead %v", err, tt.dies)
			}
			f.verify() // a removal that waits to be shown is no fault
			if n := must(f.Publish(t.Context())); n != 1 {
				t.Errorf("got %d documents shown anew, want 1", n)
			}
			f.wantShown("b")
			f.verify()
		})
	}
}

// What is filed under the name while the file is being taken away is shown in the end.
func TestFiledWhileRemoved(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	tree := &withdrawing{Tree: f.tree}
	other := openBeside(f, store.Options{Catalog: f.catalog, Tree: tree})
	tree.first = func() {
		f.settle(letter{key: "2", names: []string{"a"}})
		must(f.CloseRun(t.Context(), f.book.ID, store.Backlog{})) // clears the row of what was shown
	}
	removal, err := other.RemoveDocument(t.Context(), "in", "a")
	f.must(errors.Join(err, removal.Tree, other.Close()))
	must(f.Publish(t.Context()))
	if diff := cmp.Diff([]string{"a v3"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	f.wantShown("a")
	f.verify()
}

// A library whose documents were all removed still has their versions.
func TestRemoveLibraryOfRemovedDocuments(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	f.remove("a")
	err := f.RemoveLibrary(t.Context(), "in", false)
	if !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "removed documents (--archive") {
		t.Errorf("got %v, want a conflict for the versions of removed documents", err)
	}
	f.must(f.RemoveLibrary(t.Context(), "in", true))
	if l := must(f.Library(t.Context(), "in")); !l.Archived {
		t.Errorf("got %+v, want it archived", l)
	}
	f.verify()
}

// Held mail is released into a library although a document of that name was removed.
func TestReleaseOverRemoved(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	f.remove("a")
	h := f.held(letter{key: "2"})
	_, err := f.release(f.Store, h, "a")
	f.must(err)
	if diff := cmp.Diff([]string{"a v3"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	f.closeRun()
	f.verify()
}

// Trace finds no place in the tree for a document that was removed.
func TestTraceOfRemoved(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a", "b"}})
	f.remove("a")
	got := map[string]string{}
	for _, d := range must(f.Trace(t.Context(), "1"))[0].Documents {
		got[fmt.Sprintf("%s v%d", d.Name, d.Version)] = d.TreePath
	}
	if diff := cmp.Diff(map[string]string{"a v1": "", "b v1": "default/in/b"}, got); diff != "" {
		t.Errorf("documents of the message (-want +got):\n%s", diff)
	}
}
