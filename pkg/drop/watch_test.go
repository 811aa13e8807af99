package drop_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.open(w.fs(), "postfix")
	rings := make(chan bool, 100)
	done := make(chan error)
	watch := func(ctx context.Context) { done <- folder.Watch(ctx, func() { rings <- true }) }
	go watch(t.Context())
	<-rings // watching
	w.write("new/.hidden", eml)
	w.write("tmp/a", eml)
	ok(t, os.Link(filepath.Join(w.dir, "tmp/a"), filepath.Join(w.dir, "new/a")))
	<-rings
	ok(t, os.Rename(filepath.Join(w.dir, "tmp/a"), filepath.Join(w.dir, "new/b")))
	<-rings
	ok(t, os.RemoveAll(filepath.Join(w.dir, "new")))
	if err := <-done; err == nil {
		t.Error("nothing said about the folder that is gone")
	}
	if n := len(rings); n != 0 {
		t.Errorf("rung %d times for what is no message", n)
	}
	go watch(t.Context())
	if err := <-done; err == nil {
		t.Error("a folder that is not there is watched")
	}
}

func TestWatchEndsWithTheContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ok(t, w.open(w.fs(), "eml").Watch(ctx, cancel))
}

// TestWatchMoved: a folder that was moved or removed is not watched for ever, nor is another
// in its place.
func TestWatchMoved(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, format string
		change       func(dir string) error
	}{
		{"the folder is moved", "eml", func(dir string) error { return os.Rename(dir, dir+".away") }},
		{"new is moved", "postfix", func(dir string) error { return os.Rename(dir+"/new", dir+"/old") }},
		{"new is removed", "postfix", func(dir string) error { return os.RemoveAll(dir + "/new") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.dir = filepath.Join(w.dir, "drop")
			ok(t, os.Mkdir(w.dir, 0o700))
			folder := w.open(w.fs(), row.format)
			watching, done := make(chan bool, 100), make(chan error, 1)
			go func() { done <- folder.Watch(t.Context(), func() { watching <- true }) }()
			<-watching
			ok(t, row.change(w.dir))
			if err := <-done; err == nil || !strings.Contains(err.Error(), "removed or moved away") {
				t.Errorf("got %v, want it said that the folder is not there any more", err)
			}
		})
	}
	t.Run("another is at its path", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.dir = filepath.Join(w.dir, "drop")
		ok(t, os.Mkdir(w.dir, 0o700))
		folder := w.open(w.fs(), "eml")
		ok(t, os.Rename(w.dir, w.dir+".away"))
		ok(t, os.Mkdir(w.dir, 0o700))
		err := folder.Watch(t.Context(), func() { t.Error("rung for another folder") })
		if err == nil || !strings.Contains(err.Error(), "removed or moved away") {
			t.Errorf("got %v, want it said that the folder is not there any more", err)
		}
	})
}

// TestWatchOverflow: where the system drops events because nobody has read them, that
// alone is a reason to ring.
func TestWatchOverflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.open(w.fs(), "postfix")
	rings := make(chan bool)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- folder.Watch(ctx, func() { rings <- true }) }()
	<-rings // watching
	w.write("new/a", eml)
	// That ring waits to be heard, and nobody reads events meanwhile.
	flood(t, filepath.Join(w.dir, "new"))
	late := time.After(time.Minute)
	for _, what := range []string{"the file", "events that were lost"} {
		select {
		case <-rings:
		case err := <-done:
			t.Fatalf("watching ended: %v", err)
		case <-late:
			t.Fatalf("not rung for %s", what)
		}
	}
	cancel()
	ok(t, <-done)
}

// flood makes more events than the system keeps for those who do not read them, of a
// hidden file, which is no message.
func flood(t *testing.T, dir string) {
	t.Helper()
	queue := 50_000
	if limit, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events"); err == nil {
		n, err := strconv.Atoi(strings.TrimSpace(string(limit)))
		ok(t, err)
		queue = max(queue, n)
	}
	a, b := filepath.Join(dir, ".a"), filepath.Join(dir, ".b")
	ok(t, os.WriteFile(a, nil, 0o600))
	for range queue { // each is two events
		ok(t, os.Rename(a, b))
		a, b = b, a
	}
	ok(t, os.Remove(a))
}
