package incoming_test

import (
	"bytes"
	"errors"
	"io"
	"path"
	"testing"

	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/mem"
	"mailchute/store/storetest"
	"mailchute/store/tree"
)

// machine is a disk with all of mailchute's folders on it, and the catalog beside it,
// which keeps whatever was committed.
type machine struct {
	t        *testing.T
	disk     *durabletest.Disk
	catalog  *mem.Catalog
	inFlight int
	mode     tree.Mode
}

// newMachine makes the folders, the catalog of newCrashWorld, and mail that its MTA has
// made durable.
func newMachine(t *testing.T, mail map[string]string, inFlight int, mode tree.Mode) *machine {
	t.Helper()
	m := &machine{t: t, disk: durabletest.NewDisk(), catalog: mem.NewCatalog(), inFlight: inFlight, mode: mode}
	root, err := m.disk.Open("/")
	m.must(err)
	for _, name := range []string{"blobs", "libraries", "locks", "drop"} {
		m.must(root.Mkdir(name, 0o755))
	}
	for name, content := range mail {
		f, err := root.Create("drop/"+name, 0o600)
		m.must(err)
		_, err = io.WriteString(f, content)
		m.must(errors.Join(err, f.Close()))
	}
	m.must(root.Barrier())
	w := m.boot()
	furnish(w)
	w.end()
	return m
}

// furnish adds the people and libraries of newCrashWorld.
func furnish(w *world) {
	ctx := w.t.Context()
	w.must(w.store.SetSettings(ctx, map[string]string{"sender_trust": "claimed"}))
	w.must(w.store.AddUser(ctx, access.User{Login: "alice", Addresses: []string{"alice@" + domain}}))
	w.must(w.store.AddUser(ctx, access.User{Login: "bob", Addresses: []string{"bob@" + domain}}))
	w.must(w.store.Grant(ctx, access.Grant{
		Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.UserPrincipal("alice"), Level: access.Contribute,
	}))
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "copies", Settings: library.Settings{Accept: library.AcceptAnyone, Overwrite: true, SaveOriginal: true}})
}

// boot starts a process on the machine.
func (m *machine) boot() *world {
	m.t.Helper()
	w := &world{t: m.t, log: &bytes.Buffer{}}
	p, err := m.open(testOptions("/", "eml", zerolog.New(zerolog.SyncWriter(w.log))), nil)
	m.must(err)
	w.process = p
	return w
}

// open opens the store and makes the job, as a new process would. Where effects is not
// nil, every change of a file and every commit is one of its effects.
func (m *machine) open(o incoming.Options, effects *storetest.Effects) (*process, error) {
	p := &process{catalog: m.catalog}
	o.InFlight = m.inFlight
	o.OpenFolder = m.disk.Open
	if effects != nil {
		p.catalog = effects.Catalog(m.catalog)
		o.OpenFolder = func(path string) (durable.FS, error) {
			fsys, err := m.disk.Open(path)
			if err != nil {
				return nil, err
			}
			return effects.FS(fsys), nil
		}
	}
	var roots [3]durable.FS
	for i, name := range []string{"/blobs", "/libraries", "/locks"} {
		var err error
		if roots[i], err = o.OpenFolder(name); err != nil {
			return nil, err
		}
		p.closers = append(p.closers, roots[i])
	}
	blobs, err := dirblob.Open(roots[0])
	if err != nil {
		return nil, err
	}
	shown, err := tree.Open(roots[1], m.mode)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, blobs, shown)
	p.store, err = store.Open(m.t.Context(), store.Options{Catalog: p.catalog, Blobs: blobs, Tree: shown, Locks: roots[2], Actor: "test"})
	if err != nil {
		return nil, err
	}
	o.Store = p.store
	p.job = incoming.New(o)
	return p, nil
}

// drainUntil drains the folder and cuts the power before the k-th effect, or when the
// process has ended if it has fewer effects. It returns how many there were until then,
// and says where it was.
func (m *machine) drainUntil(k int, seed uint64) (n int, where string) {
	m.t.Helper()
	effects := storetest.NewEffects(storetest.Plan{At: k, Err: durabletest.ErrPower, Stays: true})
	p, err := m.open(testOptions("/", "eml", zerolog.Nop()), effects)
	if err == nil {
		_, err = p.job.Drain(m.t.Context())
	}
	if err == nil {
		err = p.close()
	}
	where = "after the last effect"
	if n = effects.Count(); n >= k {
		n, where = k, "before "+effects.Log()[k-1]
	} else if err != nil {
		m.t.Fatalf("nothing failed, and yet: %v", err)
	}
	m.disk = m.disk.PowerLoss(seed)
	crashes.Tried("power cuts", 1)
	return n, where
}

// files returns the bytes of all files in a folder, by their paths below it.
func (m *machine) files(folder string) map[string][]byte {
	m.t.Helper()
	fsys, err := m.disk.Open(folder)
	m.must(err)
	files := map[string][]byte{}
	folders := []string{"."}
	for i := 0; i < len(folders); i++ {
		for entry, err := range fsys.List(folders[i]) {
			m.must(err)
			name := path.Join(folders[i], entry.Name())
			if entry.IsDir() {
				folders = append(folders, name)
				continue
			}
			f, err := fsys.Open(name)
			m.must(err)
			files[name], err = io.ReadAll(f)
			m.must(errors.Join(err, f.Close()))
		}
	}
	return files
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
