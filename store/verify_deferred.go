package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"mailchute/pkg/address"
)

// dropFile is a drop file as the books name it.
type dropFile struct{ feed, name string }

// deferral is the newest word that a drop file waits to be tried again.
type deferral struct {
	dropFile
	key     Key
	run     string
	at      time.Time
	waiting []string
}

// deferrals are those that the runs have, by drop file.
type deferrals map[dropFile]deferral

func (d deferrals) add(p Processed) {
	f := dropFile{p.Feed, p.File}
	if p.State == Deferred && !p.At.Before(d[f].at) {
		d[f] = deferral{f, p.Key, p.Run, p.At, p.Waiting}
	}
}

// deferralLooks is how often a file is looked for. While it goes from one folder to
// another, one look can miss it; then it waits a minute at least.
const deferralLooks = 3

// auditDeferred looks for the drop files of which the last word is that they wait: one
// that is in no drop folder any more is a message that nobody will ever decide on. A file
// is removed after its message has been decided, so the folders are read before the books.
func (s verifier) auditDeferred(ctx context.Context, a *audit, flush func() error) error {
	if s.DropFiles == nil {
		return nil
	}
	open, err := s.undecided(ctx, slices.Collect(maps.Values(a.deferred)))
	var there map[string]map[string]bool
	for range deferralLooks {
		if err != nil || len(open) == 0 {
			break
		}
		var listing error
		if there, listing = s.DropFiles(ctx); listing != nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			a.fault("%d messages are deferred, and whether their drop files are still there is not known: %v", len(open), listing)
			return flush()
		}
		open, err = s.undecided(ctx, slices.DeleteFunc(open, func(d deferral) bool { return there[d.feed][d.name] }))
	}
	if err != nil {
		return err
	}
	slices.SortFunc(open, func(a, b deferral) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	for _, d := range open {
		if there[d.feed] == nil {
			a.fault("run %s: %s (message %s) was deferred at %s for %q, and its feed %s is not in this configuration: put the feed back, or the file into another one's folder",
				d.run, d.name, d.key, d.at.Format(time.RFC3339), d.waiting, d.feed)
			continue
		}
		a.fault("run %s: %s of feed %s (message %s) was deferred at %s for %q and is in no drop folder any more: put it back from a copy",
			d.run, d.name, d.feed, d.key, d.at.Format(time.RFC3339), d.waiting)
	}
	return flush()
}

// undecided returns those of which the books have nothing later.
func (s *Store) undecided(ctx context.Context, all []deferral) (open []deferral, err error) {
	for page := range slices.Chunk(all, auditKeys) {
		var some []deferral
		err := s.view(ctx, "verify deferred messages", func(tx Tx) error {
			some = nil
			for _, d := range page {
				done, err := d.decided(tx)
				if err != nil {
					return err
				}
				if !done {
					some = append(some, d)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		open = append(open, some...)
	}
	return open, nil
}

// decided reports whether every recipient that had to wait has got an outcome, or the file
// has come to another end since.
func (d deferral) decided(tx Tx) (bool, error) {
	outcomes, err := tx.Outcomes(d.key)
	if err != nil {
		return false, err
	}
	has := map[string]bool{}
	for _, o := range outcomes {
		has[o.RecipientKey] = true
	}
	if !slices.ContainsFunc(d.waiting, func(to string) bool { return !has[keyOfRecipient(to)] }) {
		return true, nil
	}
	for p, err := range tx.ProcessedAt(d.name) {
		if err != nil {
			return false, err
		}
		if p.Feed == d.feed && p.State != Deferred && p.At.After(d.at) {
			return true, nil
		}
	}
	return false, nil
}

// keyOfRecipient returns the RecipientKey of a recipient as the envelope has it.
func keyOfRecipient(to string) string {
	a, err := address.ParseMailbox(to)
	if err != nil {
		return to
	}
	return a.Key()
}
