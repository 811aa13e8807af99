package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/mem"
)

// farm is a store in memory with a library "in" and a run.
type farm struct {
	*testing.T
	*store.Store
	catalog store.Catalog
	blobs   store.Blobs
	tree    store.Tree
	book    store.Run
}

func newFarm(t *testing.T, change ...func(*store.Options)) *farm {
	t.Helper()
	locks, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := store.Options{Catalog: mem.NewCatalog(), Blobs: mem.NewBlobs(), Tree: mem.NewTree(), Locks: locks, Actor: "tester"}
	for _, c := range change {
		c(&o)
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	f := &farm{T: t, Store: s, catalog: o.Catalog, blobs: o.Blobs, tree: o.Tree}
	f.must(s.AddLibrary(t.Context(), library.Library{Name: "in", Site: "default", LocalPart: "in", Inherit: true}))
	f.book, err = s.OpenRun(t.Context(), "incoming", "manual")
	f.must(err)
	return f
}

func (f *farm) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// letter is a message to settle: for one recipient, with documents of these names.
type letter struct {
	key       string
	to        string
	names     []string
	folder    string
	bytes     string
	overwrite bool
	held      fault.Reason
}

// settlement stages the letter's bytes and returns what to settle.
func (f *farm) settlement(l letter) store.Settlement {
	f.Helper()
	if l.to == "" {
		l.to = "in@case.test"
	}
	if l.bytes == "" {
		l.bytes = "bytes of " + l.key
	}
	to, err := address.ParseMailbox(l.to)
	f.must(err)
	g := f.Stage()
	c, err := g.Write(f.Context(), func(w io.Writer) (message.Content, error) {
		n, err := io.WriteString(w, l.bytes)
		return message.Content{Size: int64(n), Digest: sha256.Sum256([]byte(l.bytes))}, err
	})
	f.must(err)
	d := store.Decided{Recipient: to, State: store.Filed, Library: "in", Author: "alice"}
	st := store.Settlement{
		Run: f.book.ID, Staging: g,
		Item: store.Item{Key: sha256.Sum256([]byte(l.key)), Feed: "main", File: l.key + ".eml", MessageID: "<" + l.key + ">", Size: c.Size},
	}
	if l.held != "" {
		d.State, d.Reason, st.Whole = store.Held, l.held, c.Digest
	}
	for i, name := range l.names {
		d.Drafts = append(d.Drafts, library.Draft{Folder: l.folder, Name: name, Part: fmt.Sprint(i + 1), Content: c, Overwrite: l.overwrite})
	}
	st.Decided = []store.Decided{d}
	return st
}

func (f *farm) settle(l letter) store.Settled {
	f.Helper()
	st := f.settlement(l)
	done, err := f.Settle(f.Context(), st)
	f.must(err)
	f.must(st.Staging.Close())
	f.must(done.Tree)
	return done
}

func (f *farm) names() (names []string) {
	f.Helper()
	for d, err := range f.Documents(f.Context(), "in") {
		f.must(err)
		names = append(names, fmt.Sprintf("%s v%d", d.Path(), d.Version))
	}
	return names
}

func (f *farm) verify() {
	f.Helper()
	for finding, err := range f.Verify(f.Context()) {
		f.must(err)
		if !finding.OK {
			f.Errorf("verify: %s: %s", finding.Check, finding.Detail)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 127)
	tests := []struct {
		name    string
		letters []letter
		want    []string
	}{
		{
			"a name that is taken gets the next number",
			[]letter{{key: "1", names: []string{"a.pdf"}}, {key: "2", names: []string{"a.pdf"}}, {key: "3", names: []string{"a.pdf"}}},
			[]string{"a (2).pdf v1", "a (3).pdf v1", "a.pdf v1"},
		},
		{
			"a number that is taken by a name is passed over",
			[]letter{{key: "1", names: []string{"a.pdf", "a (2).pdf"}}, {key: "2", names: []string{"a.pdf"}}},
			[]string{"a (2).pdf v1", "a (3).pdf v1", "a.pdf v1"},
		},
		{
			"names that differ in case or composition only are the same",
			[]letter{{key: "1", names: []string{"\u00c4.pdf"}}, {key: "2", names: []string{"a\u0308.PDF"}}},
			[]string{"a\u0308 (2).PDF v1", "\u00c4.pdf v1"},
		},
		{
			"overwrite makes a version under the first spelling",
			[]letter{{key: "1", names: []string{"A.pdf"}, overwrite: true}, {key: "2", names: []string{"a.PDF"}, overwrite: true}},
			[]string{"A.pdf v2"},
		},
		{
			"folders that differ in case only are one, under the first spelling",
			[]letter{{key: "1", folder: "Invoices", names: []string{"a"}}, {key: "2", folder: "invoices", names: []string{"b"}}},
			[]string{"Invoices/a v1", "Invoices/b v1"},
		},
		{
			"a document of the root does not take a folder's name",
			[]letter{{key: "1", folder: "report", names: []string{"a"}}, {key: "2", names: []string{"Report"}}},
			[]string{"Report (2) v1", "report/a v1"},
		},
		{
			"a folder does not take the name of a document of the root, and stays one folder",
			[]letter{{key: "1", names: []string{"report"}}, {key: "2", folder: "Report", names: []string{"a"}}, {key: "3", folder: "Report", names: []string{"b"}}},
			[]string{"Report (2)/a v1", "Report (2)/b v1", "report v1"},
		},
		{
			"long names that lose their differing ends count together",
			[]letter{{key: "1", names: []string{long + "1", long + "2"}}, {key: "2", names: []string{long + "1"}}, {key: "3", names: []string{long + "2"}}},
			[]string{long + "1 v1", long + "2 v1", library.Numbered(long+"1", 2) + " v1", library.Numbered(long+"2", 3) + " v1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			for _, l := range tt.letters {
				f.settle(l)
			}
			got, want := f.names(), tt.want
			sorted := cmp.Transformer("sorted", func(s []string) map[string]bool {
				m := map[string]bool{}
				for _, v := range s {
					m[v] = true
				}
				return m
			})
			if diff := cmp.Diff(want, got, sorted); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			f.verify()
		})
	}
}

func TestOutcomesAreFinal(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	first := f.settle(letter{key: "1", names: []string{"a"}})
	again := f.settle(letter{key: "1", names: []string{"a"}})
	held := f.settle(letter{key: "1", to: "other@case.test", held: fault.UnknownAddress})
	folded := f.settle(letter{key: "1", to: "IN@CASE.TEST", names: []string{"a"}})
	got := []store.State{first.State, again.State, held.State, folded.State}
	want := []store.State{store.Filed, store.Duplicate, store.Held, store.Duplicate}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a v1"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	sum, err := f.CloseRun(t.Context(), f.book.ID, 7)
	f.must(err)
	if sum.Processed != 4 || sum.Filed != 1 || sum.Held != 1 || sum.Duplicate != 2 || sum.Backlog != 7 || len(sum.UnknownAddresses) != 1 {
		t.Errorf("got summary %+v, want 4 processed: 1 filed, 1 held, 2 duplicates", sum)
	}
	f.verify()
}

// A message for which nothing is decided must not look as if it were done.
func TestNothingDecided(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	st := f.settlement(letter{key: "1", names: []string{"a"}})
	st.Decided = nil
	if done, err := f.Settle(t.Context(), st); err == nil {
		t.Errorf("got %+v, want an error", done)
	}
}

// Bytes that went missing behind the store's back come back with the next message that
// has them.
func TestMissingBlobIsMended(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}, bytes: "same"})
	f.must(f.blobs.Delete(t.Context(), sha256.Sum256([]byte("same"))))
	f.settle(letter{key: "2", names: []string{"b"}, bytes: "same"})
	f.verify()
}

// Many settlements at once share commits, and each is settled once.
func TestSettleTogether(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	var settlements []store.Settlement
	for i := range 500 {
		settlements = append(settlements, f.settlement(letter{key: fmt.Sprint(i % 250), names: []string{"a"}}))
	}
	var wg sync.WaitGroup
	errs := make([]error, len(settlements))
	for i, st := range settlements {
		wg.Go(func() { _, errs[i] = f.Settle(t.Context(), st) })
	}
	wg.Wait()
	f.must(errors.Join(errs...))
	if n := len(f.names()); n != 250 {
		t.Errorf("got %d documents of 250 messages that came twice", n)
	}
	f.verify()
}

// failing fails its barriers or its updates while down.
type failing struct {
	store.Blobs
	store.Catalog
	barrier, update error
}

func (d *failing) Close() error { return d.Catalog.Close() }

func (d *failing) Barrier(ctx context.Context) error {
	return errors.Join(d.barrier, d.Blobs.Barrier(ctx))
}

func (d *failing) Update(ctx context.Context, f func(store.Tx) error) error {
	if d.update != nil {
		return d.update
	}
	return d.Catalog.Update(ctx, f)
}

func TestNothingOfAFailedGroupCounts(t *testing.T) {
	t.Parallel()
	down := errors.New("input/output error")
	for _, at := range []string{"barrier", "transaction"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			d := &failing{}
			f := newFarm(t, func(o *store.Options) {
				d.Blobs, d.Catalog = o.Blobs, o.Catalog
				o.Blobs, o.Catalog = d, d
			})
			if at == "barrier" {
				d.barrier = down
			} else {
				d.update = down
			}
			st := f.settlement(letter{key: "1", names: []string{"a"}})
			early := f.settlement(letter{key: "2", names: []string{"b"}})
			if _, err := f.Settle(t.Context(), st); !errors.Is(err, down) {
				t.Errorf("got %v, want the failure", err)
			}
			d.barrier, d.update = nil, nil
			if _, err := f.Settle(t.Context(), early); (err != nil) != (at == "barrier") {
				t.Errorf("got %v for bytes written before the failure of a %s", err, at)
			}
			if out, err := f.Outcomes(t.Context(), st.Item.Key); err != nil || len(out) != 0 {
				t.Errorf("got outcomes %v, %v after a failure, want none", out, err)
			}
			if got := f.settle(letter{key: "1", names: []string{"a"}}); got.State != store.Filed {
				t.Errorf("got %s on the second try, want filed", got.State)
			}
			f.verify()
		})
	}
}

// brokenTree cannot publish while broken.
type brokenTree struct {
	store.Tree
	broken bool
}

func (b *brokenTree) Publish(ctx context.Context, path string, blob store.Blob) error {
	if b.broken {
		return errors.New("no space left on device")
	}
	return b.Tree.Publish(ctx, path, blob)
}

func TestWhatTheTreeMissesIsShownLater(t *testing.T) {
	t.Parallel()
	tree := &brokenTree{broken: true}
	f := newFarm(t, func(o *store.Options) { tree.Tree = o.Tree; o.Tree = tree })
	st := f.settlement(letter{key: "1", names: []string{"a"}})
	done, err := f.Settle(t.Context(), st)
	if err != nil || done.State != store.Filed || done.Tree == nil {
		t.Errorf("got %+v, %v; want it filed, with the tree's failure", done, err)
	}
	f.verify() // a document that waits to be shown is no fault
	if n, err := f.Publish(t.Context()); n != 0 || err == nil {
		t.Errorf("got %d shown, %v; want none, and why", n, err)
	}
	tree.broken = false
	if n, err := f.Publish(t.Context()); n != 1 || err != nil {
		t.Errorf("got %d shown, %v; want the one", n, err)
	}
	if n, err := f.Publish(t.Context()); n != 0 || err != nil {
		t.Errorf("got %d shown, %v; want nothing left to show", n, err)
	}
	f.verify()
}

// A blob that is found in place but whose row has gone must be staged again.
func TestSweptBlobIsStale(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}, bytes: "same"})
	st := f.settlement(letter{key: "2", names: []string{"b"}, bytes: "same"})
	sweeper := &sweeping{Catalog: f.catalog, digest: sha256.Sum256([]byte("same"))}
	other, err := store.Open(t.Context(), store.Options{
		Catalog: sweeper, Blobs: f.blobs, Tree: f.tree, Locks: must(durable.Open(t.TempDir())), Actor: "tester",
	})
	f.must(err)
	if _, err := other.Settle(t.Context(), st); !errors.Is(err, fault.ErrStale) {
		t.Errorf("got %v, want fault.ErrStale", err)
	}
}

// sweeping hides the row of a blob from every Update, as a sweep in between would.
type sweeping struct {
	store.Catalog
	digest message.Digest
}

func (s *sweeping) Update(ctx context.Context, f func(store.Tx) error) error {
	return s.Catalog.Update(ctx, func(tx store.Tx) error { return f(sweptTx{tx, s.digest}) })
}

type sweptTx struct {
	store.Tx
	digest message.Digest
}

func (s sweptTx) BlobState(d message.Digest) (store.BlobState, error) {
	if d == s.digest {
		return store.BlobDoomed, nil
	}
	return s.Tx.BlobState(d)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestDeadProcessesRunIsClosed(t *testing.T) {
	t.Parallel()
	locks := must(durable.Open(t.TempDir()))
	f := newFarm(t, func(o *store.Options) { o.Locks = locks })
	f.settle(letter{key: "1", names: []string{"a"}})
	other, err := store.Open(t.Context(), store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: locks, Actor: "tester"})
	f.must(err)
	if dead, err := other.CloseDead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("got %v, %v while the process lives, want none", dead, err)
	}
	f.must(f.Store.Close())
	dead, err := other.CloseDead(t.Context())
	if err != nil || len(dead) != 1 || dead[0].State != "aborted" || dead[0].Filed != 1 {
		t.Errorf("got %+v, %v; want the run, aborted, with one message filed", dead, err)
	}
	if dead, err := other.CloseDead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("got %v, %v the second time, want none", dead, err)
	}
}

// Of several processes that find a dead one's run, one closes it and tells; a process
// that has another folder of locks, as one on another machine, knows nothing of it.
func TestDeadProcessesRunIsClosedOnce(t *testing.T) {
	t.Parallel()
	locks := must(durable.Open(t.TempDir()))
	f := newFarm(t, func(o *store.Options) { o.Locks = locks })
	f.must(f.Store.Close())
	openAt := func(locks durable.FS) *store.Store {
		return must(store.Open(t.Context(), store.Options{Catalog: f.catalog, Blobs: f.blobs, Tree: f.tree, Locks: locks, Actor: "tester"}))
	}
	if dead, err := openAt(must(durable.Open(t.TempDir()))).CloseDead(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("got %v, %v on another machine, want none", dead, err)
	}
	var told atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		s := openAt(locks)
		wg.Go(func() {
			dead, err := s.CloseDead(t.Context())
			if err != nil {
				t.Error(err)
			}
			told.Add(int64(len(dead)))
		})
	}
	wg.Wait()
	if told.Load() != 1 {
		t.Errorf("%d processes told of the run, want one", told.Load())
	}
}

func TestVerifyFindsFaults(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	digest := message.Digest(sha256.Sum256([]byte("bytes of 1")))
	tests := []struct {
		name, check string
		harm        func(f *farm) error
	}{
		{"a blob is missing", "blobs", func(f *farm) error { return f.blobs.Delete(ctx, digest) }},
		{"a document is not in the tree", "tree", func(f *farm) error { return f.tree.Unpublish(ctx, "default/in/a") }},
		{"the tree has a file of nobody's", "tree", func(f *farm) error {
			b := must(f.blobs.Open(ctx, digest))
			return errors.Join(f.tree.Publish(ctx, "default/in/stray", b), b.Close())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			f.settle(letter{key: "1", names: []string{"a"}})
			must(f.Publish(ctx)) // clears the rows of what has been shown
			f.verify()
			f.must(tt.harm(f))
			found := false
			for finding, err := range f.Verify(ctx) {
				f.must(err)
				found = found || (finding.Check == tt.check && !finding.OK)
			}
			if !found {
				t.Errorf("verify found no fault of %s", tt.check)
			}
		})
	}
}

func TestLocalPartsAreUnique(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	err := f.AddLibrary(ctx, library.Library{Name: "other", Site: "default", LocalPart: "IN"})
	if !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "library in") {
		t.Errorf("got %v, want a conflict that names library in", err)
	}
	err = f.AddGroup(ctx, access.Group{Name: "g", Site: "default", LocalPart: "in"})
	if !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "library in") {
		t.Errorf("got %v, want a conflict that names library in", err)
	}
	f.must(f.RemoveLibrary(ctx, "in", true))
	f.must(f.AddGroup(ctx, access.Group{Name: "g", Site: "default", LocalPart: "in"}))
	if _, group, err := f.At(ctx, "In"); group != "g" || err != nil {
		t.Errorf("got %q, %v; want group g", group, err)
	}
	if err := f.AddLibrary(ctx, library.Library{Name: "x", Site: "default", LocalPart: "postmaster"}); err == nil {
		t.Error("the reserved local part postmaster was taken")
	}
}

func TestRemoveLibraryInUse(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.settle(letter{key: "1", names: []string{"a"}})
	if err := f.RemoveLibrary(t.Context(), "in", false); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("got %v, want a conflict while there are documents", err)
	}
	f.must(f.RemoveLibrary(t.Context(), "in", true))
	if diff := cmp.Diff([]string{"a v1"}, f.names()); diff != "" {
		t.Errorf("documents of the archived library (-want +got):\n%s", diff)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	p, err := f.Policy(ctx)
	if err != nil || !p.Enabled || p.SenderTrust != access.Aligned || p.ActionFor(fault.UnknownAddress) != access.ActionHold {
		t.Errorf("got %+v, %v; want the defaults", p, err)
	}
	f.must(f.SetSettings(ctx, map[string]string{"rejects": "delete", "rejects.no-permission": "hold", "sender_trust": "proven"}))
	p, err = f.Policy(ctx)
	f.must(err)
	if p.ActionFor(fault.UnknownAddress) != access.ActionDelete || p.ActionFor(fault.NoPermission) != access.ActionHold || p.SenderTrust != access.Proven {
		t.Errorf("got %+v, want delete, but hold for no-permission, and proven", p)
	}
	for _, bad := range []map[string]string{{"enabled": "perhaps"}, {"rejects": "bounce"}, {"sender_trust": "sure"}, {"no_such": "1"}} {
		if err := f.SetSettings(ctx, bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if again, err := f.Policy(ctx); err != nil || cmp.Diff(p, again) != "" {
		t.Errorf("a refused change left a trace: %s %v", cmp.Diff(p, again), err)
	}
}

func TestLevelOf(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	f.must(f.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@case.test"}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "inner", Site: "default", Members: []access.Principal{access.UserPrincipal("alice")}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "outer", Site: "default", Members: []access.Principal{access.GroupPrincipal("inner"), access.GroupPrincipal("outer")}}))
	f.must(f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.GroupPrincipal("outer"), Level: access.Edit}))
	l := must(f.Library(ctx, "in"))
	level := func() access.Level { return must(f.LevelOf(ctx, "alice", l)) }
	if got := level(); got != access.Edit {
		t.Errorf("got %s through nested groups of the site, want edit", got)
	}
	l.Inherit = false
	if got := level(); got != access.None {
		t.Errorf("got %s without inheritance, want none", got)
	}
	f.must(f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "library", Name: "in"}, Principal: access.Everyone(), Level: access.Read}))
	if got := level(); got != access.Read {
		t.Errorf("got %s for everyone, want read", got)
	}
	if got := must(f.LevelOf(ctx, "", l)); got != access.None {
		t.Errorf("got %s for nobody, want none", got)
	}
	f.must(f.Revoke(ctx, access.Scope{Kind: "library", Name: "in"}, access.Everyone()))
	if err := f.Revoke(ctx, access.Scope{Kind: "library", Name: "in"}, access.Everyone()); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v for a grant that is gone, want not found", err)
	}
	err := f.Grant(ctx, access.Grant{Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.UserPrincipal("nobody"), Level: access.Read})
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v for an unknown user, want not found", err)
	}
}

func TestSummaryListsAreCut(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for i := range 105 {
		f.settle(letter{key: fmt.Sprint(i), to: fmt.Sprintf("no%d@case.test", i), held: fault.UnknownAddress})
	}
	sum, err := f.CloseRun(t.Context(), f.book.ID, 0)
	f.must(err)
	if len(sum.Failed) != 100 || len(sum.MessageIDs) != 100 || sum.More["failed"] != 5 || sum.More["unknown_addresses"] != 5 {
		t.Errorf("got %d failed, %d message ids, more %v; want 100 of each and 5 more", len(sum.Failed), len(sum.MessageIDs), sum.More)
	}
	whole, err := f.Store.Run(t.Context(), f.book.ID, 0)
	f.must(err)
	if len(whole.Failed) != 105 || len(whole.More) != 0 {
		t.Errorf("got %d failed, more %v; want all 105", len(whole.Failed), whole.More)
	}
	runs, err := f.Runs(t.Context(), time.Time{}, 1)
	if err != nil || len(runs) != 1 || runs[0].Run != f.book.ID {
		t.Errorf("got runs %+v, %v; want the one", runs, err)
	}
}
