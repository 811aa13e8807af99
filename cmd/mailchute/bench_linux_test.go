package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMountOf(t *testing.T) {
	t.Parallel()
	const mounts = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard,errors=remount-ro
42 27 7:0 / /srv rw,noatime - xfs /dev/sdb1 rw,nodiscard
43 42 0:40 / /srv/mail\040drop rw - tmpfs tmpfs rw,size=4k
44 27 0:41 / /tmp rw - ext4 /dev/sdc rw
45 27 0:42 / /tmp rw - tmpfs none rw
a line cut off
`
	for path, want := range map[string]fileSystem{
		"/home/a":          {kind: "ext4", device: "/dev/vda", discards: true},
		"/srv":             {kind: "xfs", device: "/dev/sdb1"},
		"/srv/a":           {kind: "xfs", device: "/dev/sdb1"},
		"/srvice":          {kind: "ext4", device: "/dev/vda", discards: true},
		"/srv/mail drop/a": {kind: "tmpfs", device: "tmpfs"},
		"/tmp/bench":       {kind: "tmpfs", device: "none"},
	} {
		if diff := cmp.Diff(want, mountOf(mounts, path), cmp.AllowUnexported(fileSystem{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if got := mountOf("", "/srv"); got != (fileSystem{}) {
		t.Errorf("no mounts: got %+v, want none", got)
	}
}

// TestMachineIsKnown: on Linux everything that bench asks the system for is known.
func TestMachineIsKnown(t *testing.T) {
	t.Parallel()
	if on := fileSystemOf(t.TempDir()); on.kind == "" {
		t.Errorf("got no file system of %s", t.TempDir())
	}
	if used := cpuNow(); used.user <= 0 || used.total() < used.user {
		t.Errorf("got processor time %+v, want some", used)
	}
	var m memoryUse
	m.begin()
	m.end()
	if m.before < 1<<20 || m.peak < m.before/2 {
		t.Errorf("got %d bytes in use and %d at the peak", m.before, m.peak)
	}
}
