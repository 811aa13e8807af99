package incoming_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
		forks()
	}
}

// forks waits until no process is being started. Until it runs its program, it shares all
// open files: locks of what was closed meanwhile are still held.
func forks() {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
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
	w.write(tmp, content)
	w.must(os.Rename(tmp, filepath.Join(w.dir, "drop", name)))
}

// write writes a file while no other test starts a process. Until it runs its program, a
// process shares all open files: a file that is closed meanwhile still has a writer.
func (w *world) write(path, content string) {
	w.t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	w.must(os.WriteFile(path, []byte(content), 0o600))
}

// drain does one run that must work, and whose books must balance.
func (w *world) drain() event.Summary {
	w.t.Helper()
	sum, err := w.job.Drain(w.t.Context())
	w.must(err)
	w.balanced(sum)
	return sum
}

// drainBadly does one run whose folder cannot be drained whole, and which says why.
func (w *world) drainBadly(why string) event.Summary {
	w.t.Helper()
	sum, err := w.job.Drain(w.t.Context())
	if err == nil || !strings.Contains(err.Error(), why) {
		w.t.Errorf("got %v, want to hear of %s", err, why)
	}
	w.balanced(sum)
	return sum
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
