package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/durable"
	"mailchute/pkg/message"
	"mailchute/pkg/workload"
	"mailchute/store/dirblob"
)

// TestFloorCPU: mail of 245 KB with an attachment of 174 KB takes 0.66 ms of the machine
// whose speeds the formula was found on, and half of that where all is twice as fast.
func TestFloorCPU(t *testing.T) {
	t.Parallel()
	const messages = 1000
	tally := workload.Tally{Messages: messages, Bytes: 245e3 * messages, Parts: 2.4 * messages}
	var group []int64
	for range 960 {
		group = append(group, 174e3*messages/960)
	}
	groups := [][]int64{group[:500], group[500:]}
	reference := speeds{read: 3.7e9, write: 3e9, base64: 1e9, hash: 1.47e9}
	twice := speeds{read: 7.4e9, write: 6e9, base64: 2e9, hash: 2.94e9}
	for _, row := range []struct {
		name string
		at   speeds
		want time.Duration
	}{{"reference", reference, 664 * time.Microsecond}, {"twice as fast", twice, 332 * time.Microsecond}} {
		got := floorCPU(row.at, tally, groups) / messages
		if diff := got - row.want; diff.Abs() > 2*time.Microsecond {
			t.Errorf("%s: got %s a message, want %s", row.name, got, row.want)
		}
	}
}

func TestFloorIsTheSlower(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		disk, cpu time.Duration
		cores     int
		want      time.Duration
	}{
		{3 * time.Second, 4 * time.Second, 1, 4 * time.Second},
		{3 * time.Second, 4 * time.Second, 2, 3 * time.Second},
	} {
		if got := (floor{disk: row.disk, cpu: row.cpu}).elapsed(row.cores); got != row.want {
			t.Errorf("disk %s, CPU %s on %d cores: got %s, want %s", row.disk, row.cpu, row.cores, got, row.want)
		}
	}
}

// TestStagesSeeGroups: what is kept between two barriers is a group; what is discarded is
// in none.
func TestStagesSeeGroups(t *testing.T) {
	t.Parallel()
	fsys, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	inner, err := dirblob.Open(fsys)
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	s := newStages()
	blobs := timedBlobs{inner, s}
	step := func(size int, keep bool) {
		t.Helper()
		up, err := blobs.Create(t.Context())
		if err == nil {
			_, err = up.Write(make([]byte, size))
		}
		if err == nil && keep {
			err = up.Keep(t.Context(), message.Digest{byte(size)})
		}
		if err == nil {
			err = up.Discard()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	barrier := func() {
		t.Helper()
		if err := blobs.Barrier(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	step(3, true)
	step(7, false)
	step(2, true)
	barrier()
	barrier()
	step(1, true)
	barrier()
	if diff := cmp.Diff([][]int64{{3, 2}, {1}}, s.groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if got := s.barrier.calls.Load(); got != 3 {
		t.Errorf("got %d barriers, want 3", got)
	}
}

// TestReplay: the floor's work leaves the blobs of all groups, and no drop file.
func TestReplay(t *testing.T) {
	t.Parallel()
	fsys, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	m := machine{fsys: fsys, workers: 2, block: make([]byte, 256<<10)}
	took, err := m.replay(t.Context(), []int64{10, 0, 100_000, 7, 5}, [][]int64{{100_000, 1}, {2}, {49_152, 3}})
	if err != nil || took <= 0 {
		t.Fatalf("got %s, %v", took, err)
	}
	got := map[string]int64{}
	for entry, err := range fsys.List(".") {
		if err != nil {
			t.Fatal(err)
		}
		info, err := fsys.Lstat(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		got[entry.Name()] = info.Size()
	}
	want := map[string]int64{"blob0-0": 100_000, "blob0-1": 1, "blob1-0": 2, "blob2-0": 49_152, "blob2-1": 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.replay(ctx, []int64{1}, nil); err == nil {
		t.Error("a cancelled replay: got no error")
	}
}

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ got, want string }{
		{decimal(0), "0 B"},
		{decimal(999), "999 B"},
		{decimal(999.7), "1.00 KB"},
		{decimal(244_600), "245 KB"},
		{decimal(64.83e6), "64.8 MB"},
		{decimal(1.28e9), "1.28 GB"},
		{decimal(640e12), "640 TB"},
		{digits(0.625), "0.62"},
		{digits(9.999), "10.0"},
		{digits(1804.6), "1805"},
		{people(roughly(1804.6 * 3600)), "6.5 million"},
		{people(roughly(224 * 3600)), "810,000"},
		{people(roughly(0.3)), "0"},
		{people(roughly(42)), "42"},
		{people(roughly(98_765_432)), "99 million"},
	} {
		if row.got != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
}

func TestMisleadingFileSystems(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		on   fileSystem
		want string
	}{
		{fileSystem{kind: "ext4", device: "/dev/sda1", discards: true}, ""},
		{fileSystem{kind: "xfs", device: "/dev/sda1"}, ""},
		{fileSystem{}, ""},
		{fileSystem{kind: "tmpfs", device: "tmpfs"}, "in memory"},
		{fileSystem{kind: "overlay", device: "overlay"}, "container"},
		{fileSystem{kind: "ext4", bare: true, discards: true}, "with discard"},
		{fileSystem{kind: "ext4", bare: true}, "without a journal"},
	} {
		got := row.on.misleads()
		if !strings.Contains(got, row.want) || (got == "") != (row.want == "") {
			t.Errorf("%s: got %q, want it to say %q", row.on, got, row.want)
		}
	}
}
