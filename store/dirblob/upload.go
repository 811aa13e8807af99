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

// upload implements store.Upload: a file with a temporary name. It does not gather small
// pieces: who writes has a buffer of its own.
type upload struct {
	fsys  durable.FS
	name  string
	file  durable.File // nil: nothing more is written
	ended bool
	err   error // of a Close or Keep that failed; only Discard is left
}

// Create implements store.Blobs. An upload is for one goroutine.
func (b *Blobs) Create(ctx context.Context) (store.Upload, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := b.tmp.Name()
	f, err := b.fsys.Create(name, 0o444)
	if err != nil {
		return nil, fmt.Errorf("open upload: %w", err)
	}
	return &upload{fsys: b.fsys, name: name, file: f}, nil
}

// Write implements io.Writer. After an error only Discard is left.
func (u *upload) Write(p []byte) (int, error) {
	if u.file == nil {
		return 0, fmt.Errorf("write to an upload that has ended: %w", fs.ErrClosed)
	}
	n, err := u.file.Write(p)
	if err != nil {
		return n, fmt.Errorf("write upload: %w", err)
	}
	return n, nil
}

// Close implements store.Upload. After an error only Discard is left.
func (u *upload) Close() error {
	if u.file == nil {
		return u.err
	}
	f := u.file
	u.file = nil
	if err := f.Close(); err != nil {
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
	u.err = u.move(blobPath(d))
	if errors.Is(u.err, fs.ErrExist) {
		u.err = u.replace(blobPath(d))
	}
	if u.err != nil {
		return fmt.Errorf("keep blob %s: %w", d, u.err)
	}
	u.ended = true
	return nil
}

// move gives the upload its name where that is free.
func (u *upload) move(name string) error {
	err := u.fsys.Rename(u.name, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The first blob of its shard, as far as this process knows.
	if err := u.fsys.Mkdir(path.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return u.fsys.Rename(u.name, name)
}

// replace gives the upload a name that is taken. Another process may have made the file
// in place durable and committed a row that relies on it, and a power loss keeps either
// of the two: so ours must be complete on disk before it takes the other's place.
func (u *upload) replace(name string) error {
	f, err := u.fsys.Open(u.name)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return u.fsys.Replace(u.name, name)
}

// Discard implements store.Upload. Where it fails, the file is removed by Close or, if
// the process dies, by the next Open.
func (u *upload) Discard() error {
	if u.ended {
		return nil
	}
	u.ended = true
	err := u.fsys.Remove(u.name)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if u.file != nil {
		err = errors.Join(err, u.file.Close())
		u.file = nil
	}
	if err != nil {
		return fmt.Errorf("discard upload: %w", err)
	}
	return nil
}
