package storetest

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Plan says at which effect something happens, and what. The zero Plan only counts.
type Plan struct {
	// At is the number of the effect that is struck, from 1; 0: none.
	At int
	// Err is what the effect returns. Where it is nil, the process dies there, as by
	// kill -9.
	Err error
	// After lets the effect happen first: a commit whose answer was lost. Otherwise it
	// does not happen, but for a Write, whose first half is written.
	After bool
	// Stays strikes every later effect too: a full disk stays full.
	Stays bool
	// Delay is how much later a struck effect happens where nothing else befalls it: Err
	// and After say nothing then. 0: it is struck as they say.
	Delay time.Duration
}

// Effects numbers every change that is made through its wrappers, from 1 and in the
// order in which they begin, and strikes where its Plan says. With one worker the
// numbers are the same in every run. Reading is no effect.
//
// FS counts what drivers do to files; Blobs and Tree count what is asked of drivers that
// have no files. Wrap a driver by the one or the other, or its effects count twice.
type Effects struct {
	plan Plan
	mu   sync.Mutex
	log  []string
}

// NewEffects returns an Effects that has counted nothing.
func NewEffects(p Plan) *Effects { return &Effects{plan: p} }

// Count returns how many effects there were.
func (e *Effects) Count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.log)
}

// Log returns the effects in order, for messages.
func (e *Effects) Log() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.log)
}

// next counts an effect and reports whether it is to be struck.
func (e *Effects) next(what string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.log = append(e.log, what)
	n := len(e.log)
	return n == e.plan.At || e.plan.Stays && e.plan.At > 0 && n > e.plan.At
}

// slow reports whether the struck effects are late, and lets one be.
func (e *Effects) slow() bool {
	time.Sleep(e.plan.Delay)
	return e.plan.Delay > 0
}

// strike ends the process or returns the planned error.
func (e *Effects) strike(what string) error {
	if e.plan.Err == nil {
		die()
	}
	return fmt.Errorf("%s: %w", what, e.plan.Err)
}

// do counts and carries out an effect.
func (e *Effects) do(what string, effect func() error) error {
	return e.doOrPart(what, effect, func() {})
}

// doOrPart is do for an effect that can be struck half way: part is what happens then.
func (e *Effects) doOrPart(what string, effect func() error, part func()) error {
	if !e.next(what) || e.slow() {
		return effect()
	}
	if !e.plan.After {
		part()
		return e.strike(what)
	}
	if err := effect(); err != nil && e.plan.Err != nil {
		return err
	}
	return e.strike(what)
}

// die ends the process at once: nothing deferred runs, nothing is flushed.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(fmt.Sprintf("cannot kill this process: %v", err))
	}
	select {}
}
