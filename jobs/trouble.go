package jobs

import (
	"sync"

	"github.com/rs/zerolog"

	"mailchute/pkg/text"
)

// Trouble says that something does not work once when it begins, again when it changes,
// and once when it is over, however often it is asked. The zero Trouble is none.
type Trouble struct {
	mu   sync.Mutex
	text string
}

// Report logs err as an error with the sentence began where it is new, and the sentence
// over where err is nil after trouble.
func (t *Trouble) Report(log zerolog.Logger, err error, began, over string) {
	now := ""
	if err != nil {
		now = err.Error()
	}
	t.mu.Lock()
	before := t.text
	t.text = now
	t.mu.Unlock()
	switch {
	case now == before:
	case now == "":
		log.Info().Msg(over)
	default:
		log.Error().Str("error", text.Safe(now)).Msg(began)
	}
}
