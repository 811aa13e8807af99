package drop_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailchute/pkg/drop"
)

// slowly writes content in pieces that a seed chooses, and pauses behind each.
func slowly(t *testing.T, r *rand.Rand, into *os.File, content string, pause func()) {
	t.Helper()
	for len(content) > 0 {
		n := 1 + r.IntN(len(content))
		_, err := into.WriteString(content[:n])
		ok(t, err)
		content = content[n:]
		pause()
	}
}

// takenWhole takes the file and fails unless all of its content is there.
func takenWhole(t *testing.T, folder *drop.Folder, content string) {
	t.Helper()
	item := claimOne(t, folder)
	_, file, err := item.Open()
	ok(t, err)
	got, err := io.ReadAll(io.NewSectionReader(file, 0, item.Size))
	ok(t, err)
	ok(t, file.Close())
	if string(got) != content {
		t.Errorf("got %d bytes, want all %d", len(got), len(content))
	}
	if changed, err := item.Changed(); changed || err != nil {
		t.Errorf("got changed %v, %v", changed, err)
	}
	ok(t, item.Finish())
}

// A writer whose pauses are shorter than the time to settle is never disturbed where only
// the clock tells; nor is one with longer pauses while its message is not whole.
func TestSlowWriter(t *testing.T) {
	t.Parallel()
	for _, limit := range []time.Duration{drop.DefaultSettle, 10 * drop.DefaultSettle} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprintf("pauses below %v, seed %d", limit, seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				fsys := w.fs()
				fsys.noLeases = true
				folder := w.open(fsys, "eml")
				r := rand.New(rand.NewPCG(seed, uint64(limit)))
				into, err := os.Create(filepath.Join(w.dir, "a.eml"))
				ok(t, err)
				content := multipart(20_000)
				last := len(content) - len("\r\n") // the closing boundary is whole without it
				slowly(t, r, into, content[:last-1], func() {
					w.stamp("a.eml", w.clock())
					for range 3 {
						w.pass(time.Duration(r.Int64N(int64(limit / 3))))
						if got := claim(t, folder); len(got) != 0 {
							t.Fatalf("taken from its writer: %q", names(got))
						}
					}
				})
				_, err = into.WriteString(content[last-1:])
				ok(t, err)
				ok(t, into.Close())
				w.stamp("a.eml", w.clock())
				w.pass(drop.DefaultSettle + time.Second)
				takenWhole(t, folder, content)
				ok(t, folder.Close())
			})
		}
	}
}

// A writer that keeps the file open may pause for as long as it likes where leases tell,
// even where what it has written looks whole; and one that renames late at any rate.
func TestSlowWriterThatKeepsItOpen(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, as string
		leases   bool
	}{{"in place", "a.eml", true}, {"renamed late", "temp.1.eml", false}, {"renamed late", "a.eml.part", false}} {
		t.Run(row.name+" as "+row.as, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if row.leases {
				w.needsLeases()
			}
			defer noForks()()
			fsys := w.fs()
			fsys.noLeases = !row.leases
			folder := w.open(fsys, "eml")
			into, err := os.Create(filepath.Join(w.dir, row.as))
			ok(t, err)
			content := multipart(1000)
			slowly(t, rand.New(rand.NewPCG(1, 1)), into, content, func() {
				w.pass(24 * time.Hour)
				if got := claim(t, folder); len(got) != 0 {
					t.Fatalf("taken from its writer: %q", names(got))
				}
			})
			ok(t, into.Close())
			if row.as != "a.eml" {
				ok(t, os.Rename(into.Name(), filepath.Join(w.dir, "a.eml")))
			}
			takenWhole(t, folder, content)
			ok(t, folder.Close())
		})
	}
}

// A lease that is had proves that nobody writes, whether or not the self-test had one: a
// file is then taken at once.
func TestLeaseAfterAnUnluckySelfTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.needsLeases()
	defer noForks()()
	fsys := w.fs()
	fsys.noLeases = true
	folder := w.open(fsys, "eml")
	fsys.noLeases = false
	ok(t, os.WriteFile(filepath.Join(w.dir, "a.eml"), []byte(eml), 0o600))
	takenWhole(t, folder, eml)
	into, err := os.Create(filepath.Join(w.dir, "b.eml"))
	ok(t, err)
	_, err = into.WriteString(eml)
	ok(t, err)
	w.pass(time.Hour)
	if got := claim(t, folder); len(got) != 0 { // by now it is known what no lease means
		t.Errorf("taken from its writer: %q", names(got))
	}
	ok(t, into.Close())
	takenWhole(t, folder, eml)
	ok(t, folder.Close())
}

// Formats whose writers rename wait for nothing: not for time, nor for a file that looks
// unfinished, nor for one that somebody has open.
func TestNoSettlingWhereFilesAreRenamed(t *testing.T) {
	t.Parallel()
	for _, name := range drop.Formats() {
		f := format(t, name)
		if !f.Atomic {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			folder := w.open(w.fs(), name)
			as := "1.eml"
			if f.Maildir {
				as = "new/1"
			}
			into, err := os.Create(filepath.Join(w.dir, as))
			ok(t, err)
			_, err = into.WriteString("Return-Path: <a@b.test>\n")
			ok(t, err)
			item := claimOne(t, folder)
			if changed, err := item.Changed(); changed || err != nil {
				t.Errorf("got changed %v, %v", changed, err)
			}
			ok(t, item.Finish())
			ok(t, into.Close())
			ok(t, folder.Close())
		})
	}
}

// A writer that closes the file between two pieces, for less than settle, is waited for,
// leases or not.
func TestSlowWriterThatOpensAgain(t *testing.T) {
	t.Parallel()
	for _, leases := range []bool{true, false} {
		t.Run(fmt.Sprintf("leases %v", leases), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			defer noForks()()
			fsys := w.fs()
			fsys.noLeases = !leases
			folder := w.open(fsys, "eml")
			name, content := filepath.Join(w.dir, "a.eml"), multipart(1000)
			for from := 0; from < len(content); from += 300 {
				into, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
				ok(t, err)
				_, err = into.WriteString(content[from:min(from+300, len(content))])
				ok(t, errors.Join(err, into.Close(), os.Chtimes(name, w.clock(), w.clock())))
				if got := claim(t, folder); len(got) != 0 && from+300 < len(content) {
					t.Fatalf("taken when %d of %d bytes were written", from+300, len(content))
				} else if len(got) != 0 {
					ok(t, got[0].Return())
				}
				w.pass(drop.DefaultSettle / 2)
			}
			w.pass(drop.DefaultSettle)
			takenWhole(t, folder, content)
			ok(t, folder.Close())
		})
	}
}
