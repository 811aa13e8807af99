package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
)

// DirectoryResult is what became of one step of a run of the job dms.
type DirectoryResult struct {
	Known  directory.Known // Key "": nothing new is known
	Forget bool            // the directory has no trace of Known.Key
	Write  DirectoryWrite  // Action "": none
	Ends   []Ending
}

// Ending is how a request ends, or what keeps it from being applied.
type Ending struct {
	Request int64
	To      directory.RequestState // Applied, Failed, or Approved: it stays, with the Trouble
	Trouble string
	Status  directory.Status // what a SOAP client is told of one that has Failed
}

// RecordDirectory records a step in one transaction, and counts it in the run. A request
// that was not approved any more stays as it is.
func (s *Store) RecordDirectory(ctx context.Context, run string, r DirectoryResult) error {
	return s.decide(ctx, "record what became of "+titleOf(r.Known.Of, r.Write.Of), func(tx Tx, p directory.Policy, now time.Time) error {
		if err := booksOpen(tx, run, map[string]error{}); err != nil {
			return err
		}
		if err := s.keepLease(tx, event.JobDirectory, now); err != nil {
			return err
		}
		if err := recordKnown(tx, r); err != nil {
			return err
		}
		if err := s.recordWrite(tx, run, r.Write, now); err != nil {
			return err
		}
		q := asking{tx, p, now, directory.ActorJob}
		for _, end := range r.Ends {
			if err := q.end(end); err != nil {
				return err
			}
		}
		if r.Forget {
			return q.tidy(r.Known.Key)
		}
		return nil
	})
}

func recordKnown(tx Tx, r DirectoryResult) error {
	if !r.Forget {
		if r.Known.Key == "" {
			return nil
		}
		return tx.PutKnownObject(r.Known)
	}
	if err := tx.DeleteKnownObject(r.Known.Key); !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return nil
}

// recordWrite puts a write on record, and counts it.
func (s *Store) recordWrite(tx Tx, run string, w DirectoryWrite, now time.Time) error {
	if w.Action == "" {
		return nil
	}
	w.Run, w.Actor = run, s.actorOr(w.Actor)
	if w.At.IsZero() {
		w.At = now
	}
	if err := tx.InsertDirectoryWrite(w); err != nil {
		return err
	}
	d, err := directoryRun(tx, run)
	if err != nil {
		return err
	}
	d.count(w)
	return tx.PutDirectoryRun(d)
}

// directoryRun returns what a run has counted so far.
func directoryRun(tx Tx, run string) (DirectoryRun, error) {
	d, err := tx.DirectoryRun(run)
	if errors.Is(err, fault.ErrNotFound) {
		return DirectoryRun{Run: run}, nil
	}
	return d, err
}

// count counts a write.
func (d *DirectoryRun) count(w DirectoryWrite) {
	if w.Trouble != "" {
		d.Failed++
		return
	}
	switch w.Action {
	case directory.ActCreate:
		d.Created++
	case directory.ActRename:
		d.Renamed++
	case directory.ActModify:
		d.Modified++
	case directory.ActDelete:
		d.Deleted++
	case directory.ActMembers:
		for _, c := range w.Changes {
			d.Members += len(c.Before) + len(c.After)
		}
	case directory.ActForget, directory.ActConflict, directory.ActForeign, directory.ActMoved,
		directory.ActUnknown, directory.ActCopy, directory.ActDrift, directory.ActWait, directory.ActInvalid:
	}
}

// end ends an approved request, or says what keeps it from being applied.
func (q asking) end(end Ending) error {
	was, err := q.tx.Request(end.Request)
	if err != nil || was.State != directory.Approved {
		return err
	}
	switch end.To {
	case directory.Approved:
		if was.Trouble == end.Trouble {
			return nil
		}
		now := was
		now.Trouble = end.Trouble
		return q.tx.UpdateRequest(was, now)
	case directory.Failed:
		now, e, err := was.Fail(q.now, end.Trouble)
		if err != nil {
			return err
		}
		now.FailedAs = end.Status
		return q.failed(was, now, e)
	case directory.Applied:
		now, e, err := was.Apply(q.now)
		if err != nil {
			return err
		}
		if err := transition(q.tx, was, now, "apply", e); err != nil {
			return err
		}
		if err := claimLocalPart(q.tx, now.Want.LocalPart, Owner{Distribution: now.Distribution}, q.now); err != nil {
			return err
		}
		return q.tidy(was.Distribution)
	case directory.Pending, directory.Rejected, directory.Cancelled:
	}
	return fmt.Errorf("request %d cannot end as %q: %w", end.Request, end.To, fault.ErrInvalid)
}

// CountDirectory records what a run saw: the objects, reports and pending requests of d.
// What it wrote is counted as it is recorded.
func (s *Store) CountDirectory(ctx context.Context, d DirectoryRun) error {
	err := s.catalog.Update(ctx, func(tx Tx) error {
		if err := booksOpen(tx, d.Run, map[string]error{}); err != nil {
			return err
		}
		counted, err := directoryRun(tx, d.Run)
		if err != nil {
			return err
		}
		counted.Objects, counted.Reported, counted.Pending = d.Objects, d.Reported, d.Pending
		return tx.PutDirectoryRun(counted)
	})
	if err != nil {
		return fmt.Errorf("count the directory of run %s: %w", d.Run, err)
	}
	return nil
}

// publishedBy returns what a run of the job dms did, for its summary.
func publishedBy(tx Tx, run string) (*event.Directory, error) {
	d, err := directoryRun(tx, run)
	if err != nil {
		return nil, err
	}
	return &event.Directory{
		Objects: d.Objects, Created: d.Created, Renamed: d.Renamed, Modified: d.Modified, Members: d.Members,
		Deleted: d.Deleted, Reported: d.Reported, Failed: d.Failed, Pending: d.Pending,
	}, nil
}

// KnownObjects returns what is known of objects in the directory, by key.
func (s *Store) KnownObjects(ctx context.Context) (all []directory.Known, err error) {
	err = s.view(ctx, "objects in the directory", func(tx Tx) error {
		all, err = knownObjects(tx)
		return err
	})
	return all, err
}

func knownObjects(tx Tx) (all []directory.Known, _ error) {
	for k, err := range tx.KnownObjects() {
		if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, nil
}

// DirectoryWrites returns the changes of an object (a Key or an Of), oldest first.
func (s *Store) DirectoryWrites(ctx context.Context, keyOrOf string) (all []DirectoryWrite, err error) {
	err = s.view(ctx, "changes of "+keyOrOf+" in the directory", func(tx Tx) error {
		all = nil
		for w, err := range tx.DirectoryWrites(keyOrOf) {
			if err != nil {
				return err
			}
			all = append(all, w)
		}
		return nil
	})
	return all, err
}
