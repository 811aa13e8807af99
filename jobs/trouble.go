package jobs

import (
	"errors"
	"sync"
	"syscall"

	"github.com/rs/zerolog"
)

// Trouble says that something does not work once when it begins, again when it changes,
// and once when it is over, however often it is asked. The zero Trouble is none. It may be
// used concurrently.
type Trouble struct {
	mu   sync.Mutex
	kind string // "": none
}

// On reports whether there is trouble.
func (t *Trouble) On() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kind != ""
}

// Report logs err as an error with the sentence began where it is new, and the sentence
// over where err is nil after trouble. Two errors are the same trouble if they are the same
// error of the operating system, or else have the same text, and began is the same.
func (t *Trouble) Report(log zerolog.Logger, err error, began, over string) {
	now := ""
	if err != nil {
		now = began + kind(err)
	}
	t.mu.Lock()
	before := t.kind
	t.kind = now
	t.mu.Unlock()
	switch {
	case now == before:
	case err == nil:
		log.Info().Msg(over)
	default:
		log.Error().Str("error", err.Error()).Msg(began)
	}
}

// kind is what makes two errors the same trouble: the operating system's error where
// there is one, since the names of files differ from time to time.
func kind(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}
