package drop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
)

// WriteFormat is the name of the format in which Write writes.
const WriteFormat = "drop-write"

// fileMode lets the folder's group read a message, and nobody else.
const fileMode = 0o640

// Write puts a message into a drop folder in the format drop-write, below the envelope
// that ReadEnvelope then returns; Source and Zone of e are not used. Any number of
// processes may write at once. It makes the folders of a maildir where they are missing,
// and returns the file's name in new/.
//
// The message is read to its end and kept as it is, byte for byte; only a first line
// "From …", which is no field but the envelope of mbox files (RFC 4155 appendix A) that
// delivery agents put before a message, is left out. When Write returns nil the file is
// there whole, and a power loss does not change that. With an error the message has not
// arrived, but for one case: new/ could not be synced, and the file was taken by a process
// that drains, or could not be removed; it is whole then too.
//
// The errors: fault.ErrInvalid, an address or login that the format cannot hold;
// fault.ErrConflict, the folder is drained in another format; ctx's, when it is done
// before the message has ended, even while a read of message blocks (which is then left
// behind); io.ErrUnexpectedEOF, there is no message; else the file system's and those of
// message.
func Write(ctx context.Context, fsys durable.FS, e Envelope, message io.Reader) (name string, err error) {
	name = uniqueName(time.Now())
	if err := write(ctx, fsys, name, e, message); err != nil {
		return "", fmt.Errorf("drop folder %s: %w", fsys.Path(), err)
	}
	return name, nil
}

func write(ctx context.Context, fsys durable.FS, name string, e Envelope, message io.Reader) error {
	block, err := printEnvelope(e, name)
	if err != nil {
		return err
	}
	other, err := drainedOtherwise(fsys, WriteFormat)
	if err != nil {
		return err
	}
	if other != "" {
		return fmt.Errorf("it is drained in format %s, not in %s: %w", other, WriteFormat, fault.ErrConflict)
	}
	if err := makeMaildir(fsys); err != nil {
		return err
	}
	half, whole := "tmp/"+name, "new/"+name
	if err := fill(ctx, fsys, half, block, message); err != nil {
		return err
	}
	if err := fsys.Rename(half, whole); err != nil {
		return errors.Join(err, fsys.Remove(half))
	}
	if err := fsys.SyncDir("new"); err != nil {
		return errors.Join(err, removeIfThere(fsys, whole))
	}
	return nil
}

// uniqueName returns a maildir's name for a file: no other process, machine or moment
// chooses it.
func uniqueName(now time.Time) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%d.M%dP%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), rand.Text(), escapeHost(host))
}

// escapeHost writes all but letters, digits, dots, hyphens and underscores in octal, as
// maildirs do with the slash and the colon.
func escapeHost(host string) string {
	var b strings.Builder
	for _, c := range []byte(host) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}

// makeMaildir makes what is missing of a maildir's folders, with the rights of the drop
// folder, which must be there: an empty one in its place may be where it is mounted.
// They are durable when it returns, whoever made them.
func makeMaildir(fsys durable.FS) error {
	root, err := fsys.Lstat(".")
	if err != nil {
		return err
	}
	for _, name := range []string{"tmp", "new", "cur"} {
		if _, err := makeFolder(fsys, name, root.Mode().Perm()); err != nil {
			return err
		}
	}
	return fsys.SyncDir(".")
}

// makeFolder makes a folder unless it is there, and describes it. A link to a folder is none.
func makeFolder(fsys durable.FS, name string, perm fs.FileMode) (fs.FileInfo, error) {
	if err := fsys.Mkdir(name, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := fsys.Lstat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder, or a link to one: remove it", name)
	}
	return info, err
}

// fill makes a file of the envelope's lines and the message, whole and durable, or not at all.
func fill(ctx context.Context, fsys durable.FS, name string, block []byte, message io.Reader) error {
	f, err := fsys.Create(name, fileMode)
	if err != nil {
		return err
	}
	err = copyMessage(ctx, f, block, message)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, removeIfThere(fsys, name))
	}
	return nil
}

// removeIfThere removes a file unless somebody else has.
func removeIfThere(fsys durable.FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
