package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/event"
)

// The bytes of what was removed stay for as long as removed_keep says, whatever number of
// versions the library keeps; the rows stay for ever.
func TestSweepRemoved(t *testing.T) {
	t.Parallel()
	f, c := newClockFarm(t)
	f.keepVersions(1)
	f.versions(1, 1)
	f.remove("a")
	f.versions(3, 3)
	f.remove("a")
	for i, s := range []struct {
		set   string
		after time.Duration
		want  event.Sweep
		swept []int
	}{
		{after: time.Hour, want: event.Sweep{Versions: 1, Doomed: 1}, swept: []int{1}}, // above the limit
		{after: time.Hour, want: event.Sweep{Removed: 1, RemovedBytes: 10}, swept: []int{1}},
		{after: 30*day - 2*time.Hour - time.Minute, want: event.Sweep{}, swept: []int{1}},
		{set: "forever", after: time.Hour, want: event.Sweep{}, swept: []int{1}},
		{set: "30d", want: event.Sweep{Versions: 1, Doomed: 1}, swept: []int{1, 3}},
		{after: 2 * time.Hour, want: event.Sweep{Removed: 1, RemovedBytes: 10}, swept: []int{1, 3}},
		{after: time.Hour, want: event.Sweep{}, swept: []int{1, 3}},
	} {
		if s.set != "" {
			f.must(f.SetSettings(t.Context(), map[string]string{"removed_keep": s.set}))
		}
		c.pass(s.after)
		if diff := cmp.Diff(s.want, f.sweep()); diff != "" {
			t.Errorf("sweep %d (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(s.swept, f.sweptOf("a")); diff != "" {
			t.Errorf("versions without bytes after sweep %d (-want +got):\n%s", i, diff)
		}
		f.verify()
	}
	if f.stored("bytes of 1") || f.stored("bytes of 3") {
		t.Error("the bytes are still there")
	}
	f.versions(5, 5)
	if diff := cmp.Diff([]string{"a v5"}, f.names()); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	f.verify()
}

// sweptOf returns the versions of a document whose bytes were let go.
func (f *farm) sweptOf(at string) (versions []int) {
	f.Helper()
	for _, d := range must(f.Versions(f.Context(), "in", at)) {
		if d.Swept {
			versions = append(versions, d.Version)
		}
	}
	return versions
}
