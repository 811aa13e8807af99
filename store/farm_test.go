package store_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

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
	locks   durable.FS
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
	f := &farm{T: t, Store: s, catalog: o.Catalog, blobs: o.Blobs, tree: o.Tree, locks: o.Locks}
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
	st, err := f.stage(f.Store, l)
	f.must(err)
	return st
}

// stage stages the letter's bytes in a store and returns what to settle.
func (f *farm) stage(s *store.Store, l letter) (store.Settlement, error) {
	if l.to == "" {
		l.to = "in@case.test"
	}
	if l.bytes == "" {
		l.bytes = "bytes of " + l.key
	}
	to, err := address.ParseMailbox(l.to)
	if err != nil {
		return store.Settlement{}, err
	}
	g := s.Stage()
	c, err := g.Write(f.Context(), func(w io.Writer) (message.Content, error) {
		n, err := io.WriteString(w, l.bytes)
		return message.Content{Size: int64(n), Digest: sha256.Sum256([]byte(l.bytes))}, err
	})
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
	return st, err
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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
