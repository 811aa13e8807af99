package sweep_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs/sweep"
	"mailchute/pkg/address"
	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/dirblob"
	"mailchute/store/sqlite"
	"mailchute/store/storetest"
	"mailchute/store/tree"
)

const day = 24 * time.Hour

// place is where a farm lies.
type place struct {
	folder  func(name string) (durable.FS, error)
	catalog func(ctx context.Context) (store.Catalog, error)
}

// folders are those of a place.
var folders = [...]string{"blobs", "libraries", "locks"}

// onDisk is a data folder of the real drivers.
func onDisk(dir string) place {
	return place{
		folder: func(name string) (durable.FS, error) { return durable.Open(filepath.Join(dir, name)) },
		catalog: func(ctx context.Context) (store.Catalog, error) {
			return sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
		},
	}
}

// struckBy is the place through wrappers whose every change is an effect.
func (p place) struckBy(effects *storetest.Effects) place {
	return place{
		folder: func(name string) (durable.FS, error) {
			fsys, err := p.folder(name)
			if err != nil {
				return nil, err
			}
			return effects.FS(fsys), nil
		},
		catalog: func(ctx context.Context) (store.Catalog, error) {
			c, err := p.catalog(ctx)
			if err != nil {
				return nil, err
			}
			return effects.Catalog(c), nil
		},
	}
}

// farm is a process at work on a place.
type farm struct {
	*store.Store
	job     *sweep.Job
	log     bytes.Buffer
	blobs   *dirblob.Blobs
	ahead   time.Duration // of its clock
	closers []io.Closer
}

// open opens a place as a new process would, whose clock is ahead of time.
func (p place) open(ctx context.Context, ahead time.Duration) (*farm, error) {
	f := &farm{ahead: ahead}
	var roots [len(folders)]durable.FS
	for i, name := range folders {
		fsys, err := p.folder(name)
		if err != nil {
			return nil, err
		}
		roots[i] = fsys
		f.closers = append(f.closers, fsys)
	}
	var err error
	if f.blobs, err = dirblob.Open(roots[0]); err != nil {
		return nil, err
	}
	shown, err := tree.Open(roots[1], tree.Link)
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, f.blobs, shown)
	catalog, err := p.catalog(ctx)
	if err != nil {
		return nil, err
	}
	f.Store, err = store.Open(ctx, store.Options{
		Catalog: catalog, Blobs: f.blobs, Tree: shown, Locks: roots[2], Actor: "test",
		Now: func() time.Time { return time.Now().Add(f.ahead) },
	})
	if err != nil {
		return nil, errors.Join(err, catalog.Close())
	}
	f.job = &sweep.Job{Store: f.Store, Log: zerolog.New(&f.log)}
	return f, nil
}

func (f *farm) close() error {
	errs := []error{f.Store.Close()}
	for i := len(f.closers) - 1; i >= 0; i-- {
		errs = append(errs, f.closers[i].Close())
	}
	// Until it runs its program, a process that is being started shares all open files:
	// locks of what was closed meanwhile are still held.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return errors.Join(errs...)
}

// letter is a message for one recipient: held, or filed as a document of that name.
type letter struct {
	key, bytes, name string
}

// settle settles letters in a run of their own.
func (f *farm) settle(t *testing.T, letters ...letter) {
	t.Helper()
	ctx := t.Context()
	run, err := f.OpenRun(ctx, "incoming", "manual")
	must(t, err)
	for _, l := range letters {
		g := f.Stage()
		content, err := g.Write(ctx, func(w io.Writer) (message.Content, error) {
			_, err := io.WriteString(w, l.bytes)
			return message.Content{Size: int64(len(l.bytes)), Digest: sha256.Sum256([]byte(l.bytes))}, err
		})
		must(t, err)
		to, err := address.ParseMailbox("in@case.test")
		must(t, err)
		d := store.Decided{Recipient: to, State: store.Held, Library: "in", Reason: fault.NoPermission}
		if l.name != "" {
			d.State, d.Reason, d.Author = store.Filed, "", "alice"
			d.Drafts = []library.Draft{{Name: l.name, Part: "1", Content: content, Overwrite: true}}
		}
		_, err = f.Settle(ctx, store.Settlement{
			Run: run.ID, Staging: g, Whole: content.Digest, Decided: []store.Decided{d},
			Item: store.Item{Key: sha256.Sum256([]byte(l.key)), Feed: "main", File: l.key + ".eml", MessageID: "<" + l.key + ">", Size: content.Size},
		})
		must(t, errors.Join(err, g.Close()))
	}
	_, err = f.CloseRun(ctx, run.ID, store.Backlog{})
	must(t, err)
}

// orphan leaves bytes in place as a process does that dies before its commit.
func (f *farm) orphan(t *testing.T, text string) {
	t.Helper()
	up, err := f.blobs.Create(t.Context())
	must(t, err)
	_, err = io.WriteString(up, text)
	must(t, err)
	must(t, up.Keep(t.Context(), sha256.Sum256([]byte(text))))
	must(t, f.blobs.Barrier(t.Context()))
	must(t, up.Discard())
}

// stored reports whether the bytes are in place.
func (f *farm) stored(t *testing.T, text string) bool {
	t.Helper()
	b, err := f.blobs.Open(t.Context(), sha256.Sum256([]byte(text)))
	if errors.Is(err, fault.ErrNotFound) {
		return false
	}
	must(t, err)
	must(t, b.Close())
	return true
}

// verify fails where books, chain, rows, blobs or tree do not agree.
func (f *farm) verify(t *testing.T, how string) {
	t.Helper()
	for finding, err := range f.Verify(t.Context()) {
		must(t, err)
		if !finding.OK {
			t.Errorf("%s: verify: %s: %s", how, finding.Check, finding.Detail)
		}
	}
}

// newFolder makes an empty data folder.
func newFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range folders {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
