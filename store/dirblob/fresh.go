package dirblob

import (
	"bytes"
	"io"
	"sync"
	"time"

	"mailchute/pkg/message"
)

const (
	// freshTime is for how long a small blob is fresh. No sweep removes one so young.
	freshTime = time.Minute
	// maxFresh bounds how many are remembered.
	maxFresh = 4096
)

// fresh remembers the blobs that this process has put in place and whose rows may not be
// committed yet: several messages bring the same picture within a moment. To replace such
// a blob it would have to be synced alone. It need not be replaced: the next barrier covers
// it, as no barrier has failed since its bytes were written.
type fresh struct {
	mu       sync.Mutex
	blobs    map[message.Digest]bool
	failures int // of barriers
}

// failed returns how many barriers have failed.
func (f *fresh) failed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failures
}

// fail forgets what a barrier that failed should have covered.
func (f *fresh) fail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures++
	f.blobs = nil
}

// add remembers a blob in place, unless barriers have failed since there were so many.
func (f *fresh) add(d message.Digest, failures int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failures != failures {
		return
	}
	if f.blobs == nil || len(f.blobs) >= maxFresh {
		f.blobs = map[message.Digest]bool{}
	}
	f.blobs[d] = true
}

func (f *fresh) has(d message.Digest) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blobs[d]
}

// isFresh reports whether this process has just put a blob in place, of these bytes. A
// process that has replaced it since has synced its own before. What cannot be read is not
// believed, and so replaced.
func (b *Blobs) isFresh(d message.Digest, data []byte) bool {
	if !b.fresh.has(d) {
		return false
	}
	f, err := b.fsys.Open(blobPath(d))
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() != int64(len(data)) {
		return false
	}
	if age := time.Since(info.ModTime()); age < 0 || age >= freshTime {
		return false
	}
	found := make([]byte, len(data))
	_, err = io.ReadFull(f, found)
	return err == nil && bytes.Equal(found, data)
}
