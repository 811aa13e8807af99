package remote

import "time"

// MaxBuckets is how many keys are remembered.
const MaxBuckets = maxBuckets

// Take takes a token of a key from buckets of a size, of which a token comes back after every.
func NewTake(now func() time.Time, size int, every time.Duration) func(key string) (time.Duration, bool) {
	b := newBuckets(now, size, every)
	return func(key string) (time.Duration, bool) { return b.take(key, 0) }
}

// PeerOf returns whom wrong passwords from an address are counted for.
func PeerOf(remote string) string { return peerOf(remote) }

// ManagerOf returns what becomes of a ContactCN.
func ManagerOf(contact string) string { return managerOf(contact) }
