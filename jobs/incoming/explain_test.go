package incoming_test

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
)

// explain explains a file of the drop folder, and fails the test where that changes
// anything in the data folder.
func (w *world) explain(file string) incoming.Explanation {
	w.t.Helper()
	before := w.listing()
	o := testOptions(w.dir, w.format, w.job.Log)
	w.change(&o)
	o.Store = w.store
	x, err := incoming.Explain(w.t.Context(), o, file, "", "")
	w.must(err)
	if diff := gocmp.Diff(before, w.listing()); diff != "" {
		w.t.Errorf("explaining %s changed something (-before +after):\n%s", file, diff)
	}
	return x
}

// listing returns every file and folder of the data folder with its mode, time and bytes.
// SQLite's index of its log, which readers write, is left out.
func (w *world) listing() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	w.must(filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "-shm") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[path] = fmt.Sprint(info.Mode(), info.ModTime())
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			all[path] += fmt.Sprintf(" %x", sha256.Sum256(data))
			return err
		}
		return nil
	}))
	return all
}

// becoming is what a message becomes for one recipient.
type becoming struct {
	Recipient, Decision, Reason, Detail, Library string
	Documents                                    []becomingDocument
}

type becomingDocument struct{ Author, Folder, Name, OriginalName, ContentType, SHA256, Part, Damaged string }

// checkExplained fails the test where the run that took the one message did anything
// else than was explained.
func (w *world) checkExplained(x incoming.Explanation, sum event.Summary) {
	w.t.Helper()
	want := explainedBecomings(x)
	got := w.becomings(sum.Run)
	if x.Reason != "" { // the message cannot be read: it is the same for everybody
		for _, b := range got {
			if b.Decision != "hold" || b.Reason != string(x.Reason) || b.Detail != x.Detail {
				w.t.Errorf("got %+v, want it held as explained: %s, %s", b, x.Reason, x.Detail)
			}
		}
		if len(got) == 0 {
			w.t.Errorf("got nothing held, want it held as explained: %s", x.Reason)
		}
		return
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		w.t.Errorf("what was done is not what was explained (-explained +done):\n%s", diff)
	}
	if ids := sum.MessageIDs; len(ids) > 0 && ids[0] != x.MessageID || len(ids) == 0 && x.MessageID != "" {
		w.t.Errorf("got message ids %q, want %q as explained", ids, x.MessageID)
	}
}

func explainedBecomings(x incoming.Explanation) (all []becoming) {
	for _, r := range x.Recipients {
		b := becoming{Recipient: r.Address, Decision: r.Decision, Reason: string(r.Reason), Detail: r.Detail}
		if r.Library != nil {
			b.Library = *r.Library
		}
		for _, d := range r.Documents {
			b.Documents = append(b.Documents, becomingDocument{
				Author: r.Author, Folder: d.Folder, Name: d.Name, OriginalName: d.OriginalName,
				ContentType: d.ContentType, SHA256: d.SHA256.String(), Part: d.Part, Damaged: d.Damaged,
			})
		}
		all = append(all, b.sorted())
	}
	slices.SortFunc(all, byRecipient)
	return all
}

// becomings returns what a run did with the one message that it took, by its rows.
func (w *world) becomings(run string) (all []becoming) {
	w.t.Helper()
	var outcomes []store.Outcome
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		var key store.Key
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			key = p.Key
		}
		var err error
		outcomes, err = tx.Outcomes(key)
		return err
	}))
	decisions := map[store.State]string{store.Filed: "file", store.Held: "hold", store.Deleted: "delete"}
	for _, o := range outcomes {
		b := becoming{
			Recipient: o.Recipient, Decision: decisions[o.State], Reason: string(o.Reason), Detail: o.Detail, Library: o.Library,
		}
		if o.Library != "" {
			for _, d := range w.documents(o.Library) {
				if d.Key == o.Key && d.RecipientKey == o.RecipientKey {
					b.Documents = append(b.Documents, becomingDocument{
						Author: d.Author, Folder: d.Folder, Name: d.Name, OriginalName: d.OriginalName,
						ContentType: d.ContentType, SHA256: d.Content.Digest.String(), Part: d.Part, Damaged: d.Content.Damaged,
					})
				}
			}
		}
		all = append(all, b.sorted())
	}
	slices.SortFunc(all, byRecipient)
	return all
}

func (b becoming) sorted() becoming {
	slices.SortFunc(b.Documents, func(x, y becomingDocument) int {
		return cmp.Or(strings.Compare(x.Folder, y.Folder), strings.Compare(x.Name, y.Name))
	})
	return b
}

func byRecipient(a, b becoming) int { return strings.Compare(a.Recipient, b.Recipient) }

// Who sent a message and how sure we are is explained too.
func TestExplainSender(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		sender, address, principal, decision, reason string
	}{
		{"alice@case.test", "alice@case.test", "user:alice", "file", ""},
		{"ALICE@Case.Test", "ALICE@Case.Test", "user:alice", "file", ""},
		{"bob@case.test", "bob@case.test", "user:bob", "hold", "no-permission"},
		{"stranger@elsewhere.test", "stranger@elsewhere.test", "", "hold", "no-permission"},
		{"<>", "", "", "hold", "no-permission"},
	} {
		t.Run(row.sender, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml")
			w.library(library.Library{Name: "invoices"})
			w.drop("1.eml", mail(row.sender, "invoices@case.test")+letter)
			x := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
			principal := ""
			if x.Sender.Principal != nil {
				principal = *x.Sender.Principal
			}
			if x.Sender.Address != row.address || principal != row.principal || x.Sender.Rung.String() != "claimed" || x.Sender.Evidence == "" {
				t.Errorf("got sender %+v (%s), want %s, claimed, with evidence", x.Sender, principal, row.address)
			}
			if x.Envelope.Source != "x-receiver" || x.Envelope.Sender != row.address || len(x.Envelope.Recipients) != 1 {
				t.Errorf("got envelope %+v, want that of the file", x.Envelope)
			}
			if r := x.Recipients[0]; r.Decision != row.decision || string(r.Reason) != row.reason {
				t.Errorf("got %s %s, want %s %s", r.Decision, r.Reason, row.decision, row.reason)
			}
		})
	}
}

// A file may lie anywhere if its format is named; else it must lie in a feed's folder.
func TestExplainElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "postfix")
	w.library(library.Library{Name: "invoices"})
	file := filepath.Join(t.TempDir(), "any.txt")
	w.write(file, mail("alice@case.test", "invoices@case.test")+letter)
	o := testOptions(w.dir, "postfix", w.job.Log)
	o.Store = w.store
	x, err := incoming.Explain(t.Context(), o, file, "eml", "")
	if err != nil || len(x.Recipients) != 1 || x.Recipients[0].Decision != "file" || x.Format != "eml" {
		t.Errorf("got %+v, %v; want it filed by format eml", x, err)
	}
	if x, err := incoming.Explain(t.Context(), o, file, "", ""); err == nil || !strings.Contains(err.Error(), "--format") {
		t.Errorf("got %+v, %v; want to be asked for the format", x, err)
	}
	if _, err := incoming.Explain(t.Context(), o, filepath.Join(w.dir, "drop", "absent"), "eml", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want the file not found", err)
	}
}
