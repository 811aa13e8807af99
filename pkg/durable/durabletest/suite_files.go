package durabletest

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"mailchute/pkg/durable"
)

func testCreate(t *testing.T, w world) {
	f, err := w.Create("a", 0o600)
	w.ok(err)
	for _, piece := range []string{"one ", "", "two"} {
		n, err := io.WriteString(f, piece)
		if n != len(piece) || err != nil {
			t.Errorf("Write(%q): got %d, %v", piece, n, err)
		}
	}
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("Read after Write: got %v, want the end of the file", err)
	}
	w.ok(errors.Join(f.Sync(), f.Close()))
	w.want("a", "one two")
	w.write("empty", "")
	w.want("empty", "")
}

func testOpen(t *testing.T, w world) {
	w.ok(w.Mkdir("folder", 0o700))
	_, err := w.Open("folder")
	w.wantErr("Open of a folder", err, durable.ErrNotRegular)
	w.write("a", "text")
	if n, err := w.open("a").Write([]byte("more")); n != 0 || err == nil {
		t.Errorf("Write to a file that was opened for reading: got %d, %v", n, err)
	}
	w.want("a", "text")
}

func testOpenFileStays(t *testing.T, w world) {
	w.write("a", "text")
	f := w.open("a")
	w.ok(errors.Join(w.Mkdir("d", 0o700), w.Rename("a", "d/b")))
	w.write("a", "another")
	w.ok(w.Remove("d/b"))
	info, err := f.Stat()
	w.ok(err)
	data, err := io.ReadAll(f)
	w.ok(err)
	if info.Size() != 4 || !info.Mode().IsRegular() || string(data) != "text" {
		t.Errorf("got %q, described as %d bytes, mode %v", data, info.Size(), info.Mode())
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadAt after Close: got %v, want %v", err, fs.ErrClosed)
	}
}

func testReadAt(t *testing.T, w world) {
	w.write("a", "0123456789")
	f := w.open("a")
	for _, row := range []struct {
		at, n int
		want  string
		err   error
	}{{0, 3, "012", nil}, {7, 3, "789", nil}, {8, 3, "89", io.EOF}, {10, 1, "", io.EOF}, {99, 1, "", io.EOF}, {0, 0, "", nil}} {
		p := make([]byte, row.n)
		n, err := f.ReadAt(p, int64(row.at))
		if string(p[:n]) != row.want || !errors.Is(err, row.err) {
			t.Errorf("ReadAt(%d bytes, %d): got %q, %v; want %q, %v", row.n, row.at, p[:n], err, row.want, row.err)
		}
	}
	if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("ReadAt before the beginning: got no error")
	}
	data, err := io.ReadAll(f)
	w.ok(err)
	if string(data) != "0123456789" {
		t.Errorf("Read after ReadAt: got %q", data)
	}
}

func testDescribe(t *testing.T, w world) {
	w.ok(w.Mkdir("folder", 0o700))
	w.write("folder/file", "text")
	for name, folder := range map[string]bool{".": true, "folder": true, "folder/file": false} {
		info, err := w.Lstat(name)
		w.ok(err)
		if info.IsDir() != folder || info.Mode().IsRegular() == folder || !folder && info.Size() != 4 || info.ModTime().IsZero() {
			t.Errorf("Lstat(%q): got mode %v, %d bytes, of %v", name, info.Mode(), info.Size(), info.ModTime())
		}
	}
	w.write("file", "")
	w.wantTree("file=", "folder/", "folder/file=text")
	if err := listErr(w, "file"); err == nil {
		t.Error("List of a file: got no error")
	}
}

func testListStops(t *testing.T, w world) {
	var names []string
	for i := range 3 {
		names = append(names, string(rune('a'+i)))
		w.write(names[i], "")
	}
	for entry, err := range w.List(".") {
		w.ok(err)
		if !slices.Contains(names, entry.Name()) {
			t.Errorf("got %q, want one of %q", entry.Name(), names)
		}
		break
	}
}

func testClose(t *testing.T, w world) {
	w.write("a", "text")
	another := w.another(t)
	wa := world{FS: another, t: t}
	wa.write("a", "text")
	f := wa.open("a")
	w.ok(another.Close())
	if data, err := io.ReadAll(f); string(data) != "text" || err != nil {
		t.Errorf("got %q, %v", data, err)
	}
	w.wantErr("Mkdir", another.Mkdir("d", 0o700), fs.ErrClosed)
	w.want("a", "text")
}
