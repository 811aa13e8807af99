package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mailchute/pkg/message"
)

// The bounds of what is read in one View.
const (
	auditRuns = 100
	auditKeys = 500
)

// audit is one reading of the books.
type audit struct {
	found    []Finding // not reported yet
	faults   int       // of the books
	runs     int
	messages int
	chain    chainAudit

	known    map[string]bool // runs that were looked up, and whether they are there
	decided  map[string]int  // by closed run: outcomes of its own messages
	claimed  map[string]int  // by run: outcomes that name it
	earliest time.Time       // the end of the first run after those that are gone
	deferred deferrals

	done     int64 // runs and messages
	progress func(VerifyProgress)
}

// step tells of one more run or message.
func (a *audit) step() {
	a.done++
	a.progress(VerifyProgress{Check: "books", Done: a.done})
}

// verifyBooks goes through all runs, then through all messages.
func (s verifier) verifyBooks(ctx context.Context, report func(Finding) error) error {
	a := &audit{known: map[string]bool{}, decided: map[string]int{}, claimed: map[string]int{}, deferred: deferrals{}, progress: s.Progress}
	a.chain.anchors, a.chain.met = s.Anchors, map[message.Digest]bool{}
	for _, pass := range []func(context.Context, *audit, func() error) error{s.auditClosed, s.auditOpen, s.auditMessages, s.auditDeferred} {
		if err := pass(ctx, a, func() error { return a.flush(report) }); err != nil {
			return err
		}
	}
	for run, n := range a.decided {
		if strays := a.claimed[run] - n; strays > 0 {
			a.fault("run %s: %d outcomes name it that none of its messages got", run, strays)
		}
	}
	if a.faults == 0 {
		a.found = append(a.found, Finding{Check: "books", OK: true, Detail: fmt.Sprintf("%d runs with %d messages in all, each ended in one state", a.runs, a.messages)})
	}
	a.found = append(a.found, a.chain.verdicts()...)
	return a.flush(report)
}

func (a *audit) fault(format string, args ...any) {
	a.faults++
	a.found = append(a.found, Finding{Check: "books", Detail: fmt.Sprintf(format, args...)})
}

// flush reports what was found, outside any transaction.
func (a *audit) flush(report func(Finding) error) error {
	for _, f := range a.found {
		if err := report(f); err != nil {
			return err
		}
	}
	a.found = a.found[:0]
	return nil
}

// auditClosed checks the closed runs in the order of closing.
func (s *Store) auditClosed(ctx context.Context, a *audit, flush func() error) error {
	for after, more := 0, true; more; {
		err := s.view(ctx, "verify the runs", func(tx Tx) error {
			page, err := tx.ClosedRuns(after, auditRuns)
			if err != nil {
				return err
			}
			more = len(page) == auditRuns
			for _, r := range page {
				after = r.Place
				if err := a.closedRun(tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}

// closedRun compares the record of a closed run with its rows and with the run before.
func (a *audit) closedRun(tx Tx, r Run) error {
	a.step()
	if r.Place != a.chain.last.Place+1 {
		a.earliest = r.Ended
	}
	counts, rows, decided, err := a.run(tx, r)
	if err != nil {
		return err
	}
	if counts != r.Counts {
		a.fault("run %s: its record says %s; its messages are %s", r.ID, r.Counts.text(), counts.text())
	}
	if r.State == RunOpen {
		a.fault("run %s: it has a place among the closed ones and is open", r.ID)
	}
	a.decided[r.ID] = decided
	a.chain.add(r, rows)
	return nil
}

// auditOpen checks the runs that are open: their messages, and that somebody is at work.
func (s *Store) auditOpen(ctx context.Context, a *audit, flush func() error) error {
	var open []Run
	err := s.view(ctx, "verify the open runs", func(tx Tx) (err error) {
		if open, err = tx.OpenRuns(); err != nil {
			return err
		}
		for _, r := range open {
			a.chain.swept = max(a.chain.swept, r.Swept)
			if _, _, _, err := a.run(tx, r); err != nil {
				return err
			}
		}
		since, err := tx.ClosedRuns(a.chain.last.Place, 0) // one may have swept what was read
		for _, r := range since {
			a.chain.swept = max(a.chain.swept, r.Swept)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range open {
		dead, err := s.process.dead(r.Process)
		if err != nil {
			return err
		}
		if !dead {
			continue
		}
		left, err := s.isOpen(ctx, r.ID)
		if err != nil {
			return err
		}
		if left {
			a.fault("run %s: the process that began it has ended and left it open; the next run or verify --repair closes it", r.ID)
		}
	}
	return flush()
}

// auditMessages checks what became of every message.
func (s *Store) auditMessages(ctx context.Context, a *audit, flush func() error) error {
	var after Key
	for more := true; more; {
		err := s.view(ctx, "verify the messages", func(tx Tx) error {
			page, err := tx.Keys(after, auditKeys)
			if err != nil {
				return err
			}
			more = len(page) == auditKeys
			for _, k := range page {
				after = k
				if err := a.message(tx, k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}

// run checks a run's messages against the outcomes that they got in it, and returns what
// the run's record must say of them.
func (a *audit) run(tx Tx, r Run) (Counts, message.Digest, int, error) {
	ends := map[Key]*ending{}
	of := func(k Key) *ending {
		if ends[k] == nil {
			ends[k] = &ending{}
		}
		return ends[k]
	}
	decided := 0
	counts, rows, err := readBooks(tx, r.ID, func(p Processed) {
		if wrong := of(p.Key).message(p); wrong != "" {
			a.fault("run %s: %s: %s", r.ID, p.File, wrong)
		}
		a.deferred.add(p)
	}, func(o OutcomeOfItem) {
		decided++
		of(o.Item.Key).outcome(o.Outcome)
	})
	if err != nil {
		return counts, rows, decided, err
	}
	a.runs++
	a.messages += counts.Processed
	var wrong []string
	for k, e := range ends {
		why, err := e.fault(tx, k)
		if err != nil {
			return counts, rows, decided, err
		}
		if why != "" {
			wrong = append(wrong, fmt.Sprintf("run %s: %s: %s", r.ID, e.file, why))
		}
	}
	slices.Sort(wrong)
	for _, w := range wrong {
		a.fault("%s", w)
	}
	return counts, rows, decided, nil
}
