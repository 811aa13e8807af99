package jobs

import (
	"errors"
	"sync"
	"syscall"

	"github.com/rs/zerolog"
)

// Trouble says that something does not work once when it begins, again when it changes,
// and once when it is over, however often it is asked. The zero Trouble is none.
type Trouble struct {
	mu   sync.Mutex
	kind string
}

// Report logs err as an error with the sentence began where it is new, and the sentence
// over where err is nil after trouble.
func (t *Trouble) Report(log zerolog.Logger, err error, began, over string) {
	now := kind(err)
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
	if err == nil {
		return ""
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}
