package incoming_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// tried counts the points at which tests have struck, for the line that TestMain prints.
var tried tally

// tally counts by kind.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (t *tally) add(kind string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int{}
	}
	t.n[kind] += n
}

// String returns how many crash points were tried in all, and how many of each kind; ""
// for none.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	total := 0
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(t.n)) {
		total += t.n[kind]
		kinds = append(kinds, fmt.Sprintf("%d %s", t.n[kind], kind))
	}
	if total == 0 {
		return ""
	}
	return fmt.Sprintf("crash points tried: %d (%s)", total, strings.Join(kinds, ", "))
}
