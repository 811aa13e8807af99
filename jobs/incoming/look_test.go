package incoming_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
	"mailchute/store"
)

// balanced fails the test where a summary's counts do not add up, or are not those of
// the run's rows.
func (w *world) balanced(sum event.Summary) {
	w.t.Helper()
	if sum.Processed != sum.Filed+sum.Duplicate+sum.Held+sum.Deleted+sum.Deferred || sum.Errors != sum.Held+sum.Deleted+sum.Deferred {
		w.t.Errorf("the books do not balance: %+v", sum)
	}
	kept, err := w.store.Run(w.t.Context(), sum.Run, event.MaxListed)
	w.must(err)
	if diff := cmp.Diff(sum, kept); diff != "" {
		w.t.Errorf("the run's rows say something else than its event (-event +rows):\n%s", diff)
	}
}

func (w *world) documents(name string) (docs []store.Shown) {
	w.t.Helper()
	for d, err := range w.store.Documents(w.t.Context(), name) {
		w.must(err)
		docs = append(docs, d)
	}
	return docs
}

// names returns the paths of a library's documents in order.
func (w *world) names(library string) []string {
	w.t.Helper()
	names := []string{}
	for _, d := range w.documents(library) {
		names = append(names, d.Path())
	}
	return names
}

// verdicts returns what became of the messages that came as a file of this name, a line
// for each recipient: "filed invoices@case.test", "held no-envelope".
func (w *world) verdicts(file string) []string {
	w.t.Helper()
	lines := []string{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		keys := map[store.Key]bool{}
		for p, err := range tx.ProcessedAt(file) {
			if err != nil {
				return err
			}
			if p.File == file {
				keys[p.Key] = true
			}
		}
		for key := range keys {
			outcomes, err := tx.Outcomes(key)
			if err != nil {
				return err
			}
			for _, o := range outcomes {
				lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", o.State, o.Reason, o.Recipient)), " "))
			}
		}
		return nil
	}))
	slices.Sort(lines)
	return lines
}

// events returns the log's events with this id, in order.
func (w *world) events(id int) (found []map[string]any) {
	w.t.Helper()
	for line := range bytes.Lines(w.log.Bytes()) {
		var e map[string]any
		w.must(json.Unmarshal(line, &e))
		if e["event_id"] == float64(id) {
			found = append(found, e)
		}
	}
	return found
}

// waiting returns the names of all files in the drop folder, our own folder left out.
func (w *world) waiting() []string {
	w.t.Helper()
	return slices.DeleteFunc(w.filesIn("drop"), func(name string) bool { return strings.HasPrefix(name, ".mailchute/") })
}

// ours returns the names of all files in our own folder of the drop folder.
func (w *world) ours() []string {
	w.t.Helper()
	return w.filesIn("drop/.mailchute")
}

// filesIn returns whatever is no folder below a folder of the data folder, in order.
func (w *world) filesIn(folder string) []string {
	w.t.Helper()
	files := []string{}
	w.must(fs.WalkDir(os.DirFS(filepath.Join(w.dir, folder)), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// drained fails the test unless nothing at all is left in the drop folder.
func (w *world) drained() {
	w.t.Helper()
	if left := w.waiting(); len(left) > 0 {
		w.t.Errorf("got %d files left in the drop folder, want none: %.10q", len(left), left)
	}
	if left := w.ours(); len(left) > 0 {
		w.t.Errorf("got %d files left in .mailchute, want none: %.10q", len(left), left)
	}
}

// verify fails the test where rows, blobs and tree do not agree.
func (w *world) verify() {
	w.t.Helper()
	for f, err := range w.store.Verify(w.t.Context()) {
		w.must(err)
		if !f.OK {
			w.t.Errorf("verify: %s: %s", f.Check, f.Detail)
		}
	}
}
