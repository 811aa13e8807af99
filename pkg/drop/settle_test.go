package drop_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailchute/pkg/drop"
)

// stamp sets a file's time of modification. The time of change stays today's.
func (w *world) stamp(name string, at time.Time) {
	w.t.Helper()
	ok(w.t, os.Chtimes(filepath.Join(w.dir, name), at, at))
}

func TestSettleByAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fsys := w.fs()
	fsys.noLeases = true
	w.pass(-20 * 365 * 24 * time.Hour) // whatever our clock says
	folder := w.open(fsys, "eml")
	w.write("a.eml", eml)
	w.stamp("a.eml", time.Unix(0, 0)) // copied with its old time: that proves nothing
	for range 3 {
		if got := claim(t, folder); len(got) != 0 {
			t.Fatalf("taken while it settles: %q", names(got))
		}
		due := folder.NextDue().Sub(w.clock())
		if due <= 0 || due > drop.DefaultSettle+time.Second {
			t.Errorf("got due in %v, want within the time to settle", due)
		}
		w.pass(time.Second / 2)
	}
	w.pass(drop.DefaultSettle)
	item := claimOne(t, folder)
	if !folder.NextDue().IsZero() {
		t.Errorf("got due %v, want never", folder.NextDue())
	}
	ok(t, item.Finish())
}

// An empty file is no message. One that stays empty is said to be there, once.
func TestEmptyFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.open(w.fs(), "eml")
	said := 0
	look := func() {
		t.Helper()
		for item, err := range folder.Claim(t.Context()) {
			if bad, is := errors.AsType[*drop.Unreadable](err); !is || bad.Name != "a.eml" || !strings.Contains(err.Error(), "empty") {
				t.Fatalf("got %v, %v; want a word of the empty file", item, err)
			}
			said++
		}
		if !folder.NextDue().IsZero() {
			t.Errorf("got due %v, want never", folder.NextDue())
		}
	}
	w.write("a.eml", "")
	w.pass(9 * drop.DefaultSettle)
	look()
	if said != 0 {
		t.Error("it was said at once")
	}
	w.pass(time.Hour)
	for range 3 {
		look()
	}
	if n, _, err := folder.Backlog(t.Context()); n != 1 || err != nil || said != 1 {
		t.Errorf("got a backlog of %d, %v, said %d times; want 1, once", n, err, said)
	}
	w.write("a.eml", eml) // its writer goes on after all
	w.pass(time.Hour)
	ok(t, claimOne(t, folder).Finish())
	ok(t, folder.Close())
}

// What looks as if it ended in the middle has to stand still for ten times as long.
func TestSettleUnfinished(t *testing.T) {
	t.Parallel()
	whole := multipart(100)
	for name, row := range map[string]struct {
		content string
		want    time.Duration
	}{
		"whole":          {whole, drop.DefaultSettle},
		"part missing":   {whole[:len(whole)-10], 10 * drop.DefaultSettle},
		"header missing": {"X-Sender: a@b.test\n", 10 * drop.DefaultSettle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			fsys := w.fs()
			fsys.noLeases = true
			folder := w.open(fsys, "eml")
			w.write("a.eml", row.content)
			w.stamp("a.eml", w.clock())
			w.pass(row.want - time.Second)
			if got := claim(t, folder); len(got) != 0 {
				t.Fatalf("taken while it settles: %q", names(got))
			}
			if due := folder.NextDue().Sub(w.clock()); due <= 0 || due > 2*time.Second {
				t.Errorf("got due in %v, want about a second", due)
			}
			w.pass(2 * time.Second)
			ok(t, claimOne(t, folder).Finish())
			ok(t, folder.Close())
		})
	}
}

func TestFilesFromTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fsys := w.fs()
	fsys.noLeases = true
	folder := w.open(fsys, "eml")
	w.write("a.eml", eml)
	w.stamp("a.eml", time.Now().Add(100*time.Hour))
	if got := claim(t, folder); len(got) != 0 {
		t.Fatalf("taken at the first look: %q", names(got))
	}
	w.pass(time.Second)
	w.write("a.eml", eml+"more")
	w.stamp("a.eml", time.Now().Add(100*time.Hour))
	w.pass(time.Second)
	if got := claim(t, folder); len(got) != 0 {
		t.Fatalf("taken after a change: %q", names(got))
	}
	w.pass(drop.DefaultSettle)
	ok(t, claimOne(t, folder).Finish())
}

func TestSettleByLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.needsLeases()
	defer noForks()()
	folder := w.open(w.fs(), "eml")
	writer, err := os.Create(filepath.Join(w.dir, "a.eml"))
	ok(t, err)
	_, err = writer.WriteString(eml)
	ok(t, err)
	for range 3 {
		if got := claim(t, folder); len(got) != 0 {
			t.Fatalf("taken from its writer: %q", names(got))
		}
		if due := folder.NextDue().Sub(w.clock()); due != drop.DefaultSettle {
			t.Errorf("got due in %v, want %v", due, drop.DefaultSettle)
		}
		w.pass(time.Hour) // the writer pauses for long
	}
	ok(t, writer.Close())
	ok(t, claimOne(t, folder).Finish()) // at once
}

func TestChangedWhileRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fsys := w.fs()
	fsys.noLeases = true
	folder := w.open(fsys, "eml")
	defer noForks()()
	writer, err := os.Create(filepath.Join(w.dir, "a.eml"))
	ok(t, err)
	defer writer.Close()
	_, err = writer.WriteString(eml)
	ok(t, err)
	w.pass(time.Minute)
	item := claimOne(t, folder)
	_, file, err := item.Open()
	ok(t, err)
	ok(t, file.Close())
	if changed, err := item.Changed(); changed || err != nil {
		t.Errorf("got %v, %v; want unchanged", changed, err)
	}
	_, err = writer.WriteString("more")
	ok(t, err)
	if changed, err := item.Changed(); !changed || err != nil {
		t.Errorf("got %v, %v; want changed", changed, err)
	}
	ok(t, item.Return())
	if folder.NextDue().IsZero() {
		t.Error("nothing is due, though a file was put back")
	}
	w.pass(time.Minute)
	item = claimOne(t, folder)
	_, file, err = item.Open()
	ok(t, err)
	ok(t, file.Close())
	if want := int64(len(eml) + len("more")); item.Size != want {
		t.Errorf("got %d bytes, want %d", item.Size, want)
	}
	ok(t, item.Finish())
}
