package drop_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/durable/durabletest"
)

// strikes is a folder on which the k-th change goes wrong.
type strikes struct {
	durable.FS
	left  *int   // changes until the strike
	stays bool   // all later ones go wrong too
	err   error  // of the strike
	then  func() // called at the strike, before the change; nil: nothing
}

func (s strikes) strike() error {
	*s.left--
	if *s.left == 0 && s.then != nil {
		s.then()
	}
	if *s.left == 0 || (s.stays && *s.left < 0) {
		return s.err
	}
	return nil
}

func (s strikes) or(change func() error) error {
	if err := s.strike(); err != nil {
		return err
	}
	return change()
}

func (s strikes) Mkdir(name string, perm os.FileMode) error {
	return s.or(func() error { return s.FS.Mkdir(name, perm) })
}

func (s strikes) Rename(oldname, newname string) error {
	return s.or(func() error { return s.FS.Rename(oldname, newname) })
}

func (s strikes) Remove(name string) error {
	return s.or(func() error { return s.FS.Remove(name) })
}

func (s strikes) SyncDir(name string) error {
	return s.or(func() error { return s.FS.SyncDir(name) })
}

func (s strikes) Create(name string, perm os.FileMode) (f durable.File, err error) {
	err = s.or(func() error { f, err = s.FS.Create(name, perm); return err })
	return struckFile{f, s}, err
}

type struckFile struct {
	durable.File
	strikes strikes
}

func (f struckFile) Write(p []byte) (int, error) {
	if err := f.strikes.strike(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f struckFile) Sync() error { return f.strikes.or(f.File.Sync) }

func (f struckFile) Close() error {
	return errors.Join(f.strikes.strike(), f.File.Close())
}

// countChanges returns how many changes one Write makes.
func countChanges(t *testing.T) int {
	t.Helper()
	n := 0
	_, err := drop.Write(t.Context(), strikes{FS: newWorld(t).fs(), left: &n}, twoRecipients(t), strings.NewReader(long))
	ok(t, err)
	if n > -10 {
		t.Fatalf("got %d changes, want at least 10", -n)
	}
	return -n
}

// A full disk, or one that fails, at any change: the error is the disk's, and nothing is
// in new/ that is not whole. Where only one change fails nothing is left at all.
func TestWriteToFailingDisk(t *testing.T) {
	t.Parallel()
	for k := range countChanges(t) {
		for _, stays := range []bool{false, true} {
			w := newWorld(t)
			left := k + 1
			fsys := strikes{FS: w.fs(), left: &left, stays: stays, err: syscall.ENOSPC}
			_, err := drop.Write(t.Context(), fsys, twoRecipients(t), strings.NewReader(long))
			wantErr(t, "write to a full disk", err, syscall.ENOSPC)
			arrived, err := filepath.Glob(filepath.Join(w.dir, "new", "*"))
			ok(t, err)
			for _, name := range arrived {
				if _, body := readBack(t, fsys.FS, filepath.Base(name)); body != long || !stays {
					t.Errorf("change %d, stays %t: new/ has %d bytes of the message", k+1, stays, len(body))
				}
			}
			if left := w.files("."); !stays && len(left) > 0 {
				t.Errorf("change %d: the folder has %q", k+1, left)
			}
		}
	}
}

// The power goes before any change, or after the last: what is in new/ then is whole,
// and it is there if Write had returned, also where another process has just made the
// folders.
func TestWriteAndPowerLoss(t *testing.T) {
	t.Parallel()
	for k := range countChanges(t) + 1 {
		for seed := range uint64(20) {
			disk := durabletest.NewDisk()
			fsys, err := disk.Open("/")
			ok(t, err)
			if seed%2 == 0 {
				ok(t, errors.Join(fsys.Mkdir("tmp", 0o700), fsys.Mkdir("new", 0o700)))
			}
			left := k + 1
			var after *durabletest.Disk
			cut := func() { after = disk.PowerLoss(seed) }
			name, err := drop.Write(t.Context(), strikes{FS: fsys, left: &left, then: cut}, twoRecipients(t), strings.NewReader(long))
			if after == nil {
				ok(t, err)
				cut()
			} else if err == nil {
				t.Fatalf("change %d: written without power", k+1)
			}
			found, err := after.Open("/")
			ok(t, err)
			inNew := 0
			for entry, err := range found.List("new") {
				if errors.Is(err, os.ErrNotExist) {
					break
				}
				ok(t, err)
				inNew++
				if _, body := readBack(t, found, entry.Name()); body != long {
					t.Errorf("change %d, seed %d: new/ has %d bytes of the message", k+1, seed, len(body))
				}
			}
			if name != "" && inNew != 1 {
				t.Errorf("seed %d: %d files in new/ after Write has returned", seed, inNew)
			}
		}
	}
}
