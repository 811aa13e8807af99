package drop_test

import (
	"strings"
	"testing"

	"mailchute/pkg/drop"
)

// TestInMount: what a bind mount shows is found where it lies.
func TestInMount(t *testing.T) {
	t.Parallel()
	const mounts = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
36 22 8:17 / /srv rw,noatime master:1 - xfs /dev/sdb1 rw
40 22 8:17 /mail/drop /var/spool/in\040box rw - xfs /dev/sdb1 rw
41 22 0:45 /@data/sub /mnt/b rw - btrfs /dev/sdc rw
`
	for _, row := range []struct{ id, path, disk, inDisk string }{
		{"22", "/", "8:1", "/"},
		{"22", "/home/x", "8:1", "/home/x"},
		{"36", "/srv/mail/drop/new", "8:17", "/mail/drop/new"},
		{"40", "/var/spool/in box", "8:17", "/mail/drop"},
		{"40", "/var/spool/in box/new", "8:17", "/mail/drop/new"},
		{"41", "/mnt/b/c", "0:45", "/@data/sub/c"},
		{"41", "/mnt/bc", "", ""}, // not the mount's
		{"99", "/srv", "", ""},
	} {
		disk, inDisk := drop.InMount(strings.NewReader(mounts), row.id, row.path)
		if disk != row.disk || inDisk != row.inDisk {
			t.Errorf("%s in mount %s: got %q, %q; want %q, %q", row.path, row.id, disk, inDisk, row.disk, row.inDisk)
		}
	}
}
