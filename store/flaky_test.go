package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"mailchute/pkg/message"
	"mailchute/store"
	"mailchute/store/mem"
)

// weather is a disk that several processes share and on which, by chance, everything that
// makes something durable fails.
type weather struct {
	mu     sync.Mutex
	random *rand.Rand
	fair   bool
	// failures is how many times bytes were lost: whatever was written by then and had not
	// been made durable. Each process is told of it once, by its next barrier.
	failures int
	dirty    map[message.Digest]bool // in place, not durable
	durable  map[message.Digest]bool
	lost     map[message.Digest]bool // in place, and not what they should be
}

var errWeather = errors.New("input/output error")

// strikes reports whether it fails this time, and lets others go first.
func (w *weather) strikes(oneIn int) bool {
	w.mu.Lock()
	struck, waits := !w.fair && w.random.IntN(oneIn) == 0, w.random.IntN(20)
	w.mu.Unlock()
	for range waits {
		runtime.Gosched()
	}
	return struck
}

// clear ends all failures.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fair = true
}

// flakyBlobs are blobs on such a disk, as one process sees them.
type flakyBlobs struct {
	store.Blobs
	*weather
	told int
}

func (b *flakyBlobs) Barrier(ctx context.Context) error {
	b.mu.Lock()
	covered := maps.Clone(b.dirty)
	b.mu.Unlock()
	if b.strikes(4) {
		b.mu.Lock()
		b.failures++
		maps.Copy(b.lost, b.dirty)
		clear(b.dirty)
		b.mu.Unlock()
	}
	err := b.Blobs.Barrier(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told != b.failures {
		b.told = b.failures
		return errWeather
	}
	for d := range covered {
		delete(b.dirty, d)
		b.durable[d] = true
	}
	return err
}

func (b *flakyBlobs) Create(ctx context.Context) (store.Upload, error) {
	up, err := b.Blobs.Create(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	return &flakyUpload{Upload: up, weather: b.weather, failures: b.failures}, err
}

type flakyUpload struct {
	store.Upload
	*weather
	failures int // when it began
}

// Keep replaces bytes that others may rely on by none that are lost, as dirblob does.
func (u *flakyUpload) Keep(ctx context.Context, d message.Digest) error {
	u.strikes(1 << 30)
	u.mu.Lock()
	defer u.mu.Unlock()
	switch lost, taken := u.failures != u.weather.failures, u.durable[d] || u.dirty[d] || u.lost[d]; {
	case lost && taken:
		return errWeather
	case lost:
		u.lost[d] = true
	case !u.durable[d]:
		u.dirty[d] = true
		delete(u.lost, d)
	}
	return u.Upload.Keep(ctx, d)
}

// flakyCatalog fails before a commit, or loses the answer after it.
type flakyCatalog struct {
	store.Catalog
	*weather
}

func (c *flakyCatalog) Update(ctx context.Context, f func(store.Tx) error) error {
	if c.strikes(8) {
		return errWeather
	}
	err := c.Catalog.Update(ctx, f)
	if c.strikes(8) {
		return errors.Join(err, errWeather)
	}
	return err
}

type flakyTree struct {
	store.Tree
	*weather
}

func (t *flakyTree) Publish(ctx context.Context, path string, b store.Blob) error {
	if t.strikes(8) {
		return errWeather
	}
	return t.Tree.Publish(ctx, path, b)
}

func (t *flakyTree) Sync(ctx context.Context, paths []string) error {
	if t.strikes(4) {
		return errWeather
	}
	return t.Tree.Sync(ctx, paths)
}

// Whatever fails while groups follow each other in two processes: who is told that its
// message is settled has its rows, every row has its bytes, and after a power loss the
// tree shows again what the catalog says.
func TestGroupsInBadWeather(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := &weather{
				random: rand.New(rand.NewPCG(seed, 0)), fair: true,
				dirty: map[message.Digest]bool{}, durable: map[message.Digest]bool{}, lost: map[message.Digest]bool{},
			}
			wrap := func(o *store.Options) {
				o.Blobs = &flakyBlobs{Blobs: o.Blobs, weather: w}
				o.Catalog = &flakyCatalog{o.Catalog, w}
				o.Tree = &flakyTree{o.Tree, w}
			}
			f := newFarm(t)
			stores := []*store.Store{f.beside(wrap), f.beside(wrap)}
			w.fair = false
			settled := f.settleThrough(stores, 100)
			w.clear()
			f.checkSettled(w, settled)
			for _, s := range stores { // what each knows of the tree gets its rows
				_, err := s.Publish(t.Context())
				f.must(err)
			}

			f.blobs.(*mem.Blobs).LosePower()
			f.tree.(*mem.Tree).LosePower()
			_, err := f.Publish(t.Context())
			f.must(err)
			f.verify()
		})
	}
}

// settleThrough settles n messages in several stores, a few at once, each up to three times,
// and returns which of them are settled, they say. Some have the same bytes, some the same
// names.
func (f *farm) settleThrough(stores []*store.Store, n int) []bool {
	f.Helper()
	const workers = 12
	settled := make([]bool, n)
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			for i := worker; i < n; i += workers {
				s := stores[i%len(stores)]
				l := letter{
					key: fmt.Sprint(i), names: []string{fmt.Sprint("name ", i%7), fmt.Sprint("own ", i)},
					bytes: fmt.Sprint("bytes ", i%23), overwrite: true,
				}
				for range 3 {
					err := f.try(s, l)
					settled[i] = settled[i] || err == nil
					if err != nil && !errors.Is(err, errWeather) && !errors.Is(err, store.ErrDown) {
						f.Errorf("message %d: %v", i, err)
					}
				}
				if i%10 == 0 {
					_, _ = s.Publish(f.Context()) // as the next run does
				}
			}
		})
	}
	running.Wait()
	return settled
}

// try settles a letter in a store.
func (f *farm) try(s *store.Store, l letter) error {
	st, err := f.stage(s, l)
	if err == nil {
		_, err = s.Settle(f.Context(), st)
	}
	return errors.Join(err, st.Staging.Close())
}

// checkSettled fails where a message that is settled has no rows, or a row no bytes.
func (f *farm) checkSettled(w *weather, settled []bool) {
	f.Helper()
	if !slices.Contains(settled, true) {
		f.Error("got no message settled, want some")
	}
	for i, ok := range settled {
		out, err := f.Outcomes(f.Context(), sha256.Sum256([]byte(fmt.Sprint(i))), nil)
		f.must(err)
		if ok && len(out) != 1 {
			f.Errorf("message %d is settled, they said, and has %d outcomes", i, len(out))
		}
	}
	for d, err := range f.Documents(f.Context(), "in") {
		f.must(err)
		if !w.durable[d.Content.Digest] {
			f.Errorf("%s is filed, and its bytes are not durable", d.Path())
		}
	}
}
