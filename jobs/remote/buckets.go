package remote

import (
	"sync"
	"time"
)

// maxBuckets is how many keys buckets remember; a key that has all its tokens back is
// forgotten first.
const maxBuckets = 10_000

// buckets say how often something may happen, for each key: a bucket of tokens, of which
// each costs one and comes back after a time.
type buckets struct {
	now   func() time.Time
	size  int
	every time.Duration // a token comes back

	mu sync.Mutex
	of map[string]bucket
}

// bucket had so many tokens at a time; fewer than none are taken and still to come.
type bucket struct {
	tokens float64
	at     time.Time
}

func newBuckets(now func() time.Time, size int, every time.Duration) *buckets {
	return &buckets{now: now, size: size, every: every, of: map[string]bucket{}}
}

// take takes a token, and says when it will be there: now, or at most patience later. Where
// that is too early nothing is taken; no key has a token while too many others are
// remembered.
func (b *buckets) take(key string, patience time.Duration) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	has, known := b.of[key]
	if !known && len(b.of) >= maxBuckets && !b.forget(now) {
		return b.every, false
	}
	tokens := b.filled(has, known, now)
	wait = time.Duration(max(0, 1-tokens) * float64(b.every))
	if wait > patience {
		return wait, false
	}
	b.of[key] = bucket{tokens - 1, now}
	return wait, true
}

// giveBack returns a token that was taken.
func (b *buckets) giveBack(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	has, known := b.of[key]
	b.of[key] = bucket{min(b.filled(has, known, now)+1, float64(b.size)), now}
}

func (b *buckets) filled(has bucket, known bool, now time.Time) float64 {
	if !known {
		return float64(b.size)
	}
	back := max(0, float64(now.Sub(has.at))/float64(b.every))
	return min(has.tokens+back, float64(b.size))
}

// forget forgets what is full, and reports whether there was anything.
func (b *buckets) forget(now time.Time) bool {
	before := len(b.of)
	for key, has := range b.of {
		if b.filled(has, true, now) >= float64(b.size) {
			delete(b.of, key)
		}
	}
	return len(b.of) < before
}
