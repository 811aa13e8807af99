package drop_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
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
