package ldapdir

import (
	"errors"
	"strings"
	"sync"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// maxKept is how much answers of a kind may weigh together. What strangers ask for fills
// the memory no further.
const maxKept = 1 << 16

// answers keeps what the directory said, for a time, and forgets all of it when there is
// too much. That somebody is not there, or ambiguous, is an answer; a failure is none.
type answers[A any] struct {
	ttl   time.Duration
	weigh func(A) int // what an answer weighs beside itself; nil: nothing

	mu     sync.Mutex
	kept   map[string]answered[A]
	weight int
}

type answered[A any] struct {
	answer A
	err    error
	until  time.Time
}

// get returns the answer to the question key, asking where there is none that is young
// enough.
func (a *answers[A]) get(key string, ask func() (A, error)) (A, error) {
	began := time.Now() // what is true at the end may have changed since it was read
	a.mu.Lock()
	known, ok := a.kept[key]
	a.mu.Unlock()
	if ok && began.Before(known.until) {
		return known.answer, known.err
	}
	answer, err := ask()
	if a.ttl <= 0 || err != nil && !errors.Is(err, fault.ErrNotFound) && !errors.Is(err, directory.ErrAmbiguous) {
		return answer, err
	}
	weight := 1
	if a.weigh != nil {
		weight += a.weigh(answer)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.weight += weight; a.kept == nil || a.weight > maxKept {
		a.kept, a.weight = map[string]answered[A]{}, weight
	}
	a.kept[strings.Clone(key)] = answered[A]{answer, err, began.Add(a.ttl)}
	return answer, err
}
