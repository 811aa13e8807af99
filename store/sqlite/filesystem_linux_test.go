package sqlite

import "testing"

func TestNetworkSharesAreRefused(t *testing.T) {
	t.Parallel()
	for magic, want := range map[uint32]string{
		0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "SMB", 0xfe534d42: "SMB",
		0xef53: "", 0x58465342: "", 0x9123683e: "", 0x01021994: "", // ext4, XFS, btrfs, tmpfs
	} {
		if got := networkShare(magic); got != want {
			t.Errorf("%#x: got %q, want %q", magic, got, want)
		}
	}
}
