package drop

import (
	"errors"
	"fmt"
	"strconv"
)

// batchSize is how many items one batch folder takes.
const batchSize = 256

// batch is a folder of claimed files. It is removed when its last item leaves; one that
// could not be removed is by Close, or by whoever takes over.
type batch struct {
	dir     string
	taken   int  // items it ever had
	pending int  // items still in it
	filling bool // more items may come
}

// place returns the batch that new claims go to.
func (f *Folder) place() (*batch, error) {
	if b := f.filling; b != nil && b.taken < batchSize {
		return b, nil
	}
	f.seal(f.filling)
	f.batches++
	dir := f.instance + "/" + strconv.Itoa(f.batches)
	if err := f.fs.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a batch: %w", err)
	}
	if err := f.fs.SyncDir(f.instance); err != nil {
		return nil, fmt.Errorf("make a batch: %w", errors.Join(err, f.fs.Remove(dir)))
	}
	f.filling = &batch{dir: dir, filling: true}
	return f.filling, nil
}

// seal says that no more items will come to b.
func (f *Folder) seal(b *batch) {
	if b == nil {
		return
	}
	if f.filling == b {
		f.filling = nil
	}
	f.mu.Lock()
	b.filling = false
	done := b.pending == 0
	f.mu.Unlock()
	if done {
		_ = f.fs.Remove(b.dir)
	}
}

// leave says that an item of b has gone.
func (f *Folder) leave(b *batch) {
	f.mu.Lock()
	b.pending--
	done := b.pending == 0 && !b.filling
	f.mu.Unlock()
	if done {
		_ = f.fs.Remove(b.dir)
	}
}
