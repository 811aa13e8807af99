package drop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What processes have died with goes last, and what most have died with at the very end,
// unless it has waited for long.
func TestOrderOfClaims(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		waited time.Duration
		want   []string
	}{
		{0, []string{"deferred", "fresh", "once", "twice", "thrice"}},
		{10*time.Minute - time.Second, []string{"deferred", "fresh", "once", "twice", "thrice"}},
		{10 * time.Minute, []string{"once", "twice", "thrice", "deferred", "fresh"}},
	} {
		w := newWorld(t)
		folder := w.open(w.fs(), "postfix")
		due := w.clock().UnixMilli()
		for name, state := range map[string]string{"thrice": "3.0", "once": "1.2", "deferred": "0.1", "twice": "2.0"} {
			w.write(fmt.Sprintf(".mailchute/retry/%d.%s.0.X%s/%s", due, state, name, name), eml)
		}
		w.write("new/fresh", eml)
		w.pass(row.waited)
		var got []string
		for _, item := range claim(t, folder) {
			got = append(got, item.Name)
			ok(t, item.Finish())
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", row.waited, diff)
		}
		ok(t, folder.Close())
	}
}

// Of a batch what was modified first comes first; of one in retry, what was due first.
func TestOldestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	folder := w.open(w.fs(), "postfix")
	for name, age := range map[string]time.Duration{"third": time.Minute, "first": time.Hour, "second": 2 * time.Minute} {
		file := filepath.Join(w.dir, "new", name)
		w.write("new/"+name, eml)
		ok(t, os.Chtimes(file, time.Time{}, w.clock().Add(-age)))
		due := w.clock().Add(-age).UnixMilli()
		w.write(fmt.Sprintf(".mailchute/retry/%d.0.1.0.X%s/%s again", due, name, name), eml)
	}
	var got []string
	for _, item := range claim(t, folder) {
		got = append(got, item.Name)
		ok(t, item.Finish())
	}
	want := []string{"first again", "second again", "third again", "first", "second", "third"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ok(t, folder.Close())
}
