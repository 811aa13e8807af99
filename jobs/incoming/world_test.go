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
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/durable"
	"mailchute/pkg/event"
	"mailchute/pkg/library"
	"mailchute/store"
)

// world is a data folder with a store on disk and one feed, and a process at work on it.
type world struct {
	*process
	t      testing.TB
	dir    string
	format string
	log    *bytes.Buffer

	folder func(path string) (durable.FS, error) // opens the store's folders
	change func(*incoming.Options)
}

// domain is the farm's mail domain in tests.
const domain = "case.test"

// newWorld makes a data folder with the site default, and users alice (who may
// contribute to the site) and bob (who may not). What before does, it does before
// anything is opened.
func newWorld(t testing.TB, format string, before ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), format: format, folder: durable.Open, change: func(*incoming.Options) {}}
	for _, sub := range []string{"blobs", "libraries", "locks", "drop"} {
		w.must(os.Mkdir(filepath.Join(w.dir, sub), 0o755))
	}
	for _, b := range before {
		b(w)
	}
	w.open()
	ctx := t.Context()
	w.must(w.store.SetSettings(ctx, map[string]string{"sender_trust": "claimed"}))
	w.must(w.store.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@" + domain}}))
	w.must(w.store.AddUser(ctx, access.User{Login: "bob", Addresses: []string{"bob@" + domain}}))
	w.must(w.store.AddGroup(ctx, access.Group{Name: "team", Site: "default", Members: []access.Principal{access.UserPrincipal("alice")}}))
	w.must(w.store.Grant(ctx, access.Grant{
		Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.GroupPrincipal("team"), Level: access.Contribute,
	}))
	return w
}

// with lets a new world's job have other options.
func with(change func(*incoming.Options)) func(*world) {
	return func(w *world) { w.change = change }
}

// through lets a new world's store open its folders through wrap.
func through(wrap func(durable.FS) durable.FS) func(*world) {
	return func(w *world) { w.folder = wrapped(wrap) }
}

// wrapped opens folders through wrap.
func wrapped(wrap func(durable.FS) durable.FS) func(path string) (durable.FS, error) {
	return func(path string) (durable.FS, error) {
		fsys, err := durable.Open(path)
		if err != nil {
			return nil, err
		}
		return wrap(fsys), nil
	}
}

// open opens the store and makes the job, as a new process would.
func (w *world) open() {
	w.t.Helper()
	w.log = &bytes.Buffer{}
	o := testOptions(w.dir, w.format, zerolog.New(zerolog.SyncWriter(w.log)))
	w.change(&o)
	p, err := openThrough(w.t.Context(), w.dir, o, seams{folder: w.folder, catalog: func(c store.Catalog) store.Catalog { return c }})
	w.must(err)
	w.process = p
	w.t.Cleanup(w.end)
}

// end ends the process; a second call does nothing.
func (w *world) end() {
	w.t.Helper()
	if w.process != nil {
		w.must(w.process.close())
		w.process = nil
	}
}

// restart ends the process and starts another one, without wrappers and with options by default.
func (w *world) restart() {
	w.t.Helper()
	w.end()
	w.folder, w.change = durable.Open, func(*incoming.Options) {}
	w.open()
}

// beside starts a second process on the same data folder.
func (w *world) beside() *world {
	w.t.Helper()
	other := &world{t: w.t, dir: w.dir, format: w.format, folder: durable.Open, change: func(*incoming.Options) {}}
	other.open()
	return other
}

func (w *world) library(l library.Library) {
	w.t.Helper()
	if l.LocalPart == "" {
		l.LocalPart = l.Name
	}
	l.Site, l.Inherit = "default", true
	w.must(w.store.AddLibrary(w.t.Context(), l))
}

// drop puts a file into the drop folder as a writer that renames does.
func (w *world) drop(name, content string) {
	w.t.Helper()
	tmp := filepath.Join(w.dir, "dropped")
	w.must(os.WriteFile(tmp, []byte(content), 0o600))
	w.must(os.Rename(tmp, filepath.Join(w.dir, "drop", name)))
}

// drain does one run that must work, and whose books must balance.
func (w *world) drain() event.Summary {
	w.t.Helper()
	sum, err := w.job.Drain(w.t.Context())
	w.must(err)
	w.balanced(sum)
	return sum
}

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

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// mail returns the envelope of a drop file in format eml.
func mail(from string, to ...string) string {
	lines := "X-Sender: " + from + "\r\n"
	for _, r := range to {
		lines += "X-Receiver: " + r + "\r\n"
	}
	return lines
}
