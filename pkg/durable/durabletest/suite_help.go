package durabletest

import (
	"errors"
	"io"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
)

// world is the FS of a row, and a way to open another.
type world struct {
	durable.FS
	t       *testing.T
	another func(t *testing.T) durable.FS
}

func (w world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) wantErr(what string, got, want error) {
	w.t.Helper()
	if !errors.Is(got, want) {
		w.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// needsLinux skips where the system cannot do what a row is about.
func needsLinux(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("needs Linux: %v", err)
	}
}

// write makes a file.
func (w world) write(name, content string) {
	w.t.Helper()
	f, err := w.Create(name, 0o600)
	w.ok(err)
	_, err = io.WriteString(f, content)
	w.ok(errors.Join(err, f.Close()))
}

// open opens a file until the end of the test.
func (w world) open(name string) durable.File {
	w.t.Helper()
	f, err := w.Open(name)
	w.ok(err)
	w.t.Cleanup(func() { _ = f.Close() })
	return f
}

// want fails the test where a file has other bytes.
func (w world) want(name, content string) {
	w.t.Helper()
	data, err := io.ReadAll(w.open(name))
	w.ok(err)
	if string(data) != content {
		w.t.Errorf("%s: got %q, want %q", name, data, content)
	}
}

// wantTree fails the test unless these are all the folders ("d/") and files ("d/a=text").
func (w world) wantTree(want ...string) {
	w.t.Helper()
	got, err := treeOf(w.FS, ".")
	w.ok(err)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("what the folder holds (-want +got):\n%s", diff)
	}
}

// treeOf returns the folders and files below a folder, in order.
func treeOf(fsys durable.FS, folder string) (all []string, err error) {
	for entry, err := range fsys.List(folder) {
		if err != nil {
			return all, err
		}
		name := path.Join(folder, entry.Name())
		if entry.IsDir() {
			below, err := treeOf(fsys, name)
			if err != nil {
				return all, err
			}
			all = append(append(all, name+"/"), below...)
			continue
		}
		data, err := read(fsys, name)
		if err != nil {
			return all, err
		}
		all = append(all, name+"="+data)
	}
	return all, nil
}

func read(fsys durable.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(f)
	return string(data), errors.Join(err, f.Close())
}

// listErr returns the error that List ends with.
func listErr(fsys durable.FS, name string) (last error) {
	for _, err := range fsys.List(name) {
		last = err
	}
	return last
}
