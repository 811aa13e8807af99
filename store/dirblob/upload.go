package dirblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"mailchute/pkg/durable"
	"mailchute/pkg/message"
	"mailchute/store"
)

// Small uploads are held in memory until they are kept, so many bytes of each and of all:
// most parts of messages are small, and many are never kept, since the same bytes are in
// place. What is more goes to a file at once.
const (
	maxHeld    = 32 << 10
	maxAllHeld = 2 << 20
)

// upload implements store.Upload: bytes in memory while they are few, else a file with a
// temporary name. It does not gather small pieces for the file: who writes has a buffer of
// its own.
type upload struct {
	blobs    *Blobs
	failures int          // of barriers, before the first byte was written
	held     []byte       // what was written, while there is no file
	name     string       // of the file; "": there is none
	file     durable.File // nil: nothing more is written to it
	closed   bool
	ended    bool
	err      error // of a Write, Close or Keep that failed; only Discard is left
}

// Create implements store.Blobs. An upload is for one goroutine.
func (b *Blobs) Create(ctx context.Context) (store.Upload, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &upload{blobs: b, failures: b.fresh.failed()}, nil
}

// Write implements io.Writer. After an error only Discard is left.
func (u *upload) Write(p []byte) (n int, err error) {
	switch {
	case u.err != nil:
		return 0, u.err
	case u.closed:
		return 0, fmt.Errorf("write to an upload that has ended: %w", fs.ErrClosed)
	case u.name == "" && u.hold(p):
		return len(p), nil
	case u.name == "":
		err = u.spill()
	}
	if err == nil {
		n, err = u.file.Write(p)
	}
	if err != nil {
		u.err = fmt.Errorf("write upload: %w", err)
	}
	return n, u.err
}

// hold takes bytes into memory, where there is room for them.
func (u *upload) hold(p []byte) bool {
	n := int64(len(p))
	if int64(len(u.held))+n > maxHeld {
		return false
	}
	if u.blobs.held.Add(n) > maxAllHeld {
		u.blobs.held.Add(-n)
		return false
	}
	u.held = append(u.held, p...)
	return true
}

// free lets go of what is held.
func (u *upload) free() {
	u.blobs.held.Add(-int64(len(u.held)))
	u.held = nil
}

// spill makes the file, of what is held.
func (u *upload) spill() error {
	name := u.blobs.tmp.Name()
	f, err := u.blobs.fsys.Create(name, 0o444)
	if err != nil {
		return err
	}
	u.name, u.file = name, f
	if len(u.held) > 0 {
		_, err = f.Write(u.held)
	}
	u.free()
	return err
}

// closeFile closes the file, where one is open.
func (u *upload) closeFile() error {
	f := u.file
	if f == nil {
		return nil
	}
	u.file = nil
	return f.Close()
}

// Close implements store.Upload. After an error only Discard is left.
func (u *upload) Close() error {
	u.closed = true
	if err := u.closeFile(); err != nil && u.err == nil {
		u.err = fmt.Errorf("close upload: %w", err)
	}
	return u.err
}

// Keep implements store.Upload. After an error only Discard is left.
func (u *upload) Keep(ctx context.Context, d message.Digest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.ended {
		return fmt.Errorf("keep an upload that has ended: %w", fs.ErrClosed)
	}
	if err := u.Close(); err != nil {
		return err
	}
	if err := u.put(d); err != nil {
		u.err = fmt.Errorf("keep blob %s: %w", d, err)
		return u.err
	}
	u.ended = true
	return nil
}

// put puts the bytes in place, unless this process has just done so.
func (u *upload) put(d message.Digest) error {
	if u.name == "" {
		if u.blobs.isFresh(d, u.held) {
			u.free()
			return nil
		}
		if err := errors.Join(u.spill(), u.closeFile()); err != nil {
			return err
		}
	}
	err := u.move(blobPath(d))
	if errors.Is(err, fs.ErrExist) {
		err = u.replace(blobPath(d))
	}
	if err == nil {
		u.blobs.fresh.add(d, u.failures)
	}
	return err
}

// move gives the upload its name where that is free.
func (u *upload) move(name string) error {
	fsys := u.blobs.fsys
	err := fsys.Rename(u.name, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The first blob of its shard, as far as this process knows.
	if err := fsys.Mkdir(path.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsys.Rename(u.name, name)
}

// replace gives the upload a name that is taken. Another process may have made the file
// in place durable and committed a row that relies on it, and a power loss keeps either
// of the two: so ours must be complete on disk before it takes the other's place.
func (u *upload) replace(name string) error {
	f, err := u.blobs.fsys.Open(u.name)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return u.blobs.fsys.Replace(u.name, name)
}

// Discard implements store.Upload. Where it fails, the file is removed by Close or, if
// the process dies, by the next Open.
func (u *upload) Discard() error {
	if u.ended {
		return nil
	}
	u.ended, u.closed = true, true
	u.free()
	if u.name == "" {
		return nil
	}
	err := u.blobs.fsys.Remove(u.name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err := errors.Join(err, u.closeFile()); err != nil {
		return fmt.Errorf("discard upload: %w", err)
	}
	return nil
}
