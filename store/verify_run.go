package store

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"mailchute/pkg/fault"
)

// states is a set of states: the weightier one has the higher bit.
type states uint8

// byWeight are the states as they decide what a message counts as, the weightiest last.
var byWeight = [...]State{Duplicate, Filed, Deleted, Held, Deferred}

// setOf returns the set of one state, empty where it is none.
func setOf(s State) states {
	i := slices.Index(byWeight[:], s)
	if i < 0 {
		return 0
	}
	return 1 << i
}

// weight orders sets by their weightiest state; 0 is the empty set.
func (s states) weight() int { return bits.Len8(uint8(s)) }

// weightiest returns the one of a set that is not empty.
func (s states) weightiest() State { return byWeight[s.weight()-1] }

// ending is what the messages of one key came to in a run, by its own rows and by the
// outcomes.
type ending struct {
	file           string // of the first message
	rows, outcomes states
	// What the rows count less what the outcomes do.
	documents, skipped int
	bytes              int64
}

// message adds a message of the run, and says what is wrong with it by itself.
func (e *ending) message(p Processed) string {
	if e.rows == 0 {
		e.file = p.File
	}
	e.rows |= setOf(p.State)
	e.documents += p.Documents
	e.skipped += p.Skipped
	e.bytes += p.Bytes
	if setOf(p.State) == 0 {
		return fmt.Sprintf("%q is no state of a message", p.State)
	}
	if (p.State == Deferred) != (len(p.Waiting) > 0) {
		return fmt.Sprintf("it is %s and %d recipients wait", p.State, len(p.Waiting))
	}
	return ""
}

// outcome adds an outcome that the messages got in the run.
func (e *ending) outcome(o Outcome) {
	e.outcomes |= setOf(o.State)
	e.documents -= o.Documents
	e.skipped -= o.Skipped
	e.bytes -= o.Bytes
}

// fault says where rows and outcomes disagree, "" for nowhere.
func (e *ending) fault(tx Tx, k Key) (string, error) {
	final := setOf(Filed) | setOf(Held) | setOf(Deleted)
	missing := e.rows & final &^ e.outcomes
	switch {
	case missing != 0:
		return fmt.Sprintf("it counts as %s, and no recipient's outcome is that", missing.weightiest()), nil
	case e.outcomes.weight() > e.rows.weight():
		return fmt.Sprintf("a recipient's outcome is %s, and it counts as less", e.outcomes.weightiest()), nil
	case e.documents != 0 || e.skipped != 0 || e.bytes != 0:
		return fmt.Sprintf("it counts %d documents, %d bytes and %d skipped parts more than its outcomes", e.documents, e.bytes, e.skipped), nil
	case e.rows&setOf(Duplicate) == 0 || e.outcomes != 0:
		return "", nil
	}
	outcomes, err := tx.Outcomes(k)
	if err == nil && len(outcomes) == 0 {
		return "it counts as a duplicate of a message that has no outcome", nil
	}
	return "", err
}

// isOpen reports whether a run is open now: its process may have closed it, and ended
// only then.
func (s *Store) isOpen(ctx context.Context, id string) (open bool, err error) {
	err = s.view(ctx, "verify the open runs", func(tx Tx) error {
		r, err := tx.Run(id)
		open = err == nil && r.State == RunOpen
		if errors.Is(err, fault.ErrNotFound) {
			return nil
		}
		return err
	})
	return open, err
}
