package store_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"mailchute/pkg/message"
	"mailchute/store"
)

// The digests cover every field of the rows, also those that are yet to come; but for
// the few that say nothing more.
func TestSumsCoverEveryField(t *testing.T) {
	t.Parallel()
	type rows struct {
		Message store.Processed
		Settled store.OutcomeOfItem
		Sweep   store.Sweep
	}
	covers(t, func(r store.Run) message.Digest { return r.Sum() }, ".Process", ".Digest")
	covers(t, func(r rows) message.Digest { return store.SumRows(r.Message, r.Settled, store.HeldMail{}, r.Sweep) },
		".Message.Run", ".Settled.Outcome.Key", ".Settled.Outcome.Run", ".Sweep.Run")
	type end struct {
		ID           int64
		Key          store.Key
		RecipientKey string
		State        store.HeldState
		End          store.HeldEnd
	}
	covers(t, func(e end) message.Digest {
		return store.SumRows(store.Processed{}, store.OutcomeOfItem{}, store.HeldMail{
			ID: e.ID, Item: store.Item{Key: e.Key}, Outcome: store.Outcome{RecipientKey: e.RecipientKey}, State: e.State, End: e.End,
		}, store.Sweep{})
	}, ".End.Run")
	covers(t, func(d store.Document) message.Digest { return store.SealDocuments([]store.Document{d}) },
		".FolderKey", ".NameKey", ".Key", ".RecipientKey", ".Swept", ".Removed", ".Content.Detected")
}

// covers changes each field of a row by itself: the digest must change with it, unless
// the field is one of those without.
func covers[Row any](t *testing.T, sum func(Row) message.Digest, without ...string) {
	t.Helper()
	var row Row
	before := sum(row)
	fields := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Interface().(type) {
		case time.Time, message.Digest:
		default:
			if v.Kind() == reflect.Struct {
				for i := range v.NumField() {
					walk(path+"."+v.Type().Field(i).Name, v.Field(i))
				}
				return
			}
		}
		fields++
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(another(t, v))
		if changed := sum(row) != before; changed == slices.Contains(without, path) {
			t.Errorf("%T%s: the digest changes with it: %v", row, path, changed)
		}
		v.Set(old)
	}
	walk("", reflect.ValueOf(&row).Elem())
	if fields < 9 {
		t.Errorf("%T: got %d fields, want all", row, fields)
	}
}

// another returns a value that differs from the zero one by as little as can be.
func another(t *testing.T, v reflect.Value) reflect.Value {
	t.Helper()
	changed := reflect.New(v.Type()).Elem()
	switch p := changed.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Time{}.Add(time.Microsecond)
		return changed
	case *message.Digest:
		p[len(p)-1] = 1
		return changed
	case *[]string:
		*p = []string{""}
		return changed
	}
	switch {
	case changed.CanInt():
		changed.SetInt(1)
	case changed.Kind() == reflect.Bool:
		changed.SetBool(true)
	case changed.Kind() == reflect.String:
		changed.SetString("x")
	default:
		t.Fatalf("no other value of a %s is known", v.Type())
	}
	return changed
}

// Columns do not run into each other.
func TestSumsTellColumnsApart(t *testing.T) {
	t.Parallel()
	if (store.Run{ID: "ab"}).Sum() == (store.Run{ID: "a", Job: "b"}).Sum() {
		t.Error("two records have the same sum")
	}
	a, b := store.Document{Name: "a"}, store.Document{Name: "b"}
	if store.SealDocuments([]store.Document{a, b}) != store.SealDocuments([]store.Document{b, a}) {
		t.Error("the seal of documents depends on their order")
	}
	if store.SealDocuments([]store.Document{a}) == store.SealDocuments([]store.Document{a, a}) {
		t.Error("a document filed twice has the same seal")
	}
}

// The seal of a document without the columns that came later is what it was before them:
// the books of old runs have it.
func TestSealsOfOldDocumentsStay(t *testing.T) {
	t.Parallel()
	d := store.Document{
		Library: "in", Folder: "f", Name: "a", Version: 3, Content: message.Content{Size: 5, Digest: message.Digest{1}}, ContentType: "text/plain",
		Author: "alice", Rung: 1, Evidence: "dkim", Created: time.Unix(1, 0), OriginalName: "a.txt", Part: "2",
		Columns: store.Columns{MessageID: "<m>", Sender: "s", From: "f", To: "t", Cc: "c", Subject: "subject", Date: "date"},
	}
	const want = "89f144902b46ea766d54d352df565482a4eb3f5d0d2e2b06c333dcdf84867f96"
	if got := store.SealDocuments([]store.Document{d}).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
