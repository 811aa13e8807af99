package durabletest

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mailchute/pkg/durable"
)

func testTaken(t *testing.T, w world) {
	w.write("file", "file")
	w.write("other", "other")
	w.ok(errors.Join(w.Mkdir("empty", 0o700), w.Mkdir("full", 0o700)))
	w.write("full/a", "a")
	f := w.open("other")
	for _, name := range []string{"file", "empty", "full", "full/a"} {
		_, err := w.Create(name, 0o600)
		w.wantErr("Create "+name, err, fs.ErrExist)
		w.wantErr("Mkdir "+name, w.Mkdir(name, 0o700), fs.ErrExist)
		w.wantErr("Rename of a file to "+name, w.Rename("other", name), fs.ErrExist)
		w.wantErr("Link "+name, w.Link(f, name), fs.ErrExist)
	}
	w.wantErr("Rename of a folder to an empty one", w.Rename("full", "empty"), fs.ErrExist)
	w.wantErr("Rename of a folder to a file", w.Rename("full", "file"), fs.ErrExist)
	w.wantErr("Rename to itself", w.Rename("file", "file"), fs.ErrExist)
	w.wantTree("empty/", "file=file", "full/", "full/a=a", "other=other")
}

func testAbsent(_ *testing.T, w world) {
	w.write("file", "file")
	f := w.open("file")
	_, err := w.Open("none")
	w.wantErr("Open", err, fs.ErrNotExist)
	_, err = w.Lstat("none")
	w.wantErr("Lstat", err, fs.ErrNotExist)
	w.wantErr("List", listErr(w, "none"), fs.ErrNotExist)
	w.wantErr("Rename", w.Rename("none", "b"), fs.ErrNotExist)
	w.wantErr("Replace", w.Replace("none", "file"), fs.ErrNotExist)
	w.wantErr("Remove", w.Remove("none"), fs.ErrNotExist)
	w.wantErr("SyncDir", w.SyncDir("none"), fs.ErrNotExist)
	_, err = w.Create("none/a", 0o600)
	w.wantErr("Create in no folder", err, fs.ErrNotExist)
	w.wantErr("Mkdir in no folder", w.Mkdir("none/a", 0o700), fs.ErrNotExist)
	w.wantErr("Rename into no folder", w.Rename("file", "none/a"), fs.ErrNotExist)
	w.wantErr("Replace into no folder", w.Replace("file", "none/a"), fs.ErrNotExist)
	w.wantErr("Link into no folder", w.Link(f, "none/a"), fs.ErrNotExist)
	w.wantTree("file=file")
}

func testRename(t *testing.T, w world) {
	w.ok(errors.Join(w.Mkdir("d", 0o700), w.Mkdir("d/e", 0o700), w.Mkdir("f", 0o700)))
	w.write("d/e/a", "a")
	w.ok(errors.Join(w.Rename("d", "f/d"), w.Rename("f/d/e/a", "b")))
	w.wantTree("b=a", "f/", "f/d/", "f/d/e/")
	if err := w.Rename("f", "f/d/f"); err == nil {
		t.Error("Rename of a folder into itself: got no error")
	}
}

func testReplace(t *testing.T, w world) {
	w.write("a", "a")
	w.write("b", "b")
	old := w.open("b")
	w.ok(w.Replace("a", "b"))
	w.wantTree("b=a")
	w.ok(w.Replace("b", "c"))
	w.wantTree("c=a")
	if data, err := io.ReadAll(old); string(data) != "b" || err != nil {
		t.Errorf("the file that was replaced: got %q, %v", data, err)
	}
	w.ok(w.Mkdir("folder", 0o700))
	if err := w.Replace("c", "folder"); err == nil {
		t.Error("Replace of a folder by a file: got no error")
	}
}

func testLink(t *testing.T, w world) {
	w.write("a", "wanted")
	f := w.open("a")
	w.ok(w.Rename("a", "moved"))
	w.write("a", "another")
	w.ok(w.Link(f, "b"))
	w.want("b", "wanted")
	other := world{FS: w.another(t), t: t}
	w.ok(other.Link(f, "c"))
	w.ok(w.Remove("moved"))
	w.wantTree("a=another", "b=wanted")
	other.wantTree("c=wanted")
}

func testCannotLink(_ *testing.T, w world) {
	w.write("a", "a")
	w.wantErr("Link of a file of no such FS", w.Link(struct{ durable.File }{w.open("a")}, "b"), durable.ErrCannotLink)
	w.wantTree("a=a")
}

func testRemove(t *testing.T, w world) {
	w.ok(w.Mkdir("full", 0o700))
	w.write("full/a", "a")
	if err := w.Remove("full"); err == nil {
		t.Error("Remove of a folder that is not empty: got no error")
	}
	w.wantTree("full/", "full/a=a")
	w.ok(errors.Join(w.Remove("full/a"), w.Remove("full")))
	w.wantErr("Remove", w.Remove("full"), fs.ErrNotExist)
	w.wantTree()
}

func testInside(_ *testing.T, w world) {
	w.ok(w.Mkdir("d", 0o700))
	w.write("d/mine", "mine")
	f := w.open("d/mine")
	for _, name := range []string{
		"", "/", "/x", "..", "../x", "d/..", "d/../x", "d/../../x", "./x", "d/.", "d/./x", "d/", "x/", "d//x", "//x",
	} {
		for call, err := range callAll(w, f, "d/mine", name) {
			w.wantErr(call+" by the name "+strconv.Quote(name), err, fs.ErrInvalid)
		}
	}
	for call, err := range map[string]error{
		"Mkdir": w.Mkdir(".", 0o700), "Rename": w.Rename(".", "x"), "Rename over": w.Rename("d", "."),
		"Replace": w.Replace("d/mine", "."), "Link": w.Link(f, "."), "Remove": w.Remove("."),
	} {
		w.wantErr(call+" of the folder itself", err, fs.ErrInvalid)
	}
	w.wantTree("d/", "d/mine=mine")
}

func testTooLong(t *testing.T, w world) {
	w.write("mine", "mine")
	f := w.open("mine")
	long := strings.Repeat("n", 256)
	for _, name := range []string{long, long + "/x"} {
		for call, err := range callAll(w, f, "mine", name) {
			if err == nil {
				t.Errorf("%s by a name of %d bytes: got no error", call, len(name))
			}
		}
	}
	w.wantTree("mine=mine")
}

// callAll returns what each method says to a name; mine is a file that is there, and f is it.
func callAll(w world, f durable.File, mine, name string) map[string]error {
	calls := map[string]error{
		"Mkdir": w.Mkdir(name, 0o700), "Rename from": w.Rename(name, "new"), "Rename to": w.Rename(mine, name),
		"Replace from": w.Replace(name, "new"), "Replace to": w.Replace(mine, name), "Link": w.Link(f, name),
		"Remove": w.Remove(name), "SyncDir": w.SyncDir(name), "List": listErr(w, name),
	}
	_, calls["Open"] = w.Open(name)
	_, calls["Lstat"] = w.Lstat(name)
	_, calls["Create"] = w.Create(name, 0o600)
	if _, err := w.Lock(name); !errors.Is(err, errors.ErrUnsupported) {
		calls["Lock"] = err
	}
	return calls
}

func testErrors(t *testing.T, w world) {
	_, open := w.Open("sub/none")
	for _, err := range []error{open, w.Remove("sub/none"), w.Rename("sub/none", "b"), w.Mkdir("sub/none", 0o700)} {
		if want := filepath.Join(w.Path(), "sub/none"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
}

func testRaces(t *testing.T, w world) {
	for range 50 {
		w.write("a", "a")
		w.write("b", "b")
		var toC, toD [2]error
		var wg sync.WaitGroup
		for i, from := range []string{"a", "b"} {
			wg.Go(func() { toC[i] = w.Rename(from, "c") })
		}
		wg.Wait()
		for i := range toD {
			wg.Go(func() { toD[i] = w.Rename("c", "d"+string(rune('0'+i))) })
		}
		wg.Wait()
		if (toC[0] == nil) == (toC[1] == nil) || (toD[0] == nil) == (toD[1] == nil) {
			t.Fatalf("got errors %v of two movers to one name and %v of two movers of one name", toC, toD)
		}
		for _, name := range []string{"a", "b", "d0", "d1"} {
			if err := w.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}
