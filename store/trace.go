package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailchute/pkg/fault"
)

// History is everything known of one message.
type History struct {
	Key       Key  // zero for files that could not be read
	Item      Item // zero where no recipient has an outcome yet
	Seen      []Processed
	Outcomes  []Outcome  // by recipient
	Held      []HeldMail // by recipient
	Documents []Shown    // every version; TreePath is "" for those that are not current
}

// Trace returns what is known of the messages with a Message-ID, in angle brackets or
// without, or with the name of a drop file, by key: fault.ErrNotFound where there is
// none. Seen has the runs' records of each message, oldest first, as far as they carry
// what is asked for or the message's Message-ID, and have not been swept.
func (s *Store) Trace(ctx context.Context, messageIDOrFile string) (all []History, err error) {
	err = s.view(ctx, fmt.Sprintf("message %q", messageIDOrFile), func(tx Tx) error {
		all = nil
		seen, err := sightings(tx, messageIDOrFile)
		if err != nil {
			return err
		}
		keys := slices.SortedFunc(maps.Keys(seen), func(a, b Key) int { return bytes.Compare(a[:], b[:]) })
		for _, k := range keys {
			h, err := history(tx, k)
			if err != nil {
				return err
			}
			h.Seen = seen[k]
			all = append(all, h)
		}
		if len(all) == 0 {
			return fault.ErrNotFound
		}
		return nil
	})
	return all, err
}

// sightings returns the runs' records of each message that has this Message-ID or file
// name; none for a message of which only the item is left.
func sightings(tx Tx, what string) (map[Key][]Processed, error) {
	names := []string{what}
	if !strings.HasPrefix(what, "<") {
		names = append(names, "<"+what+">")
	}
	if what == "" {
		return nil, nil // that is what messages without a Message-ID have
	}
	seen := map[Key][]Processed{}
	ids := map[string]bool{}
	for _, name := range names {
		items, err := tx.ItemsAt(name)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			seen[it.Key] = nil
			ids[it.MessageID] = true
		}
		for p, err := range tx.ProcessedAt(name) {
			if err != nil {
				return nil, err
			}
			seen[p.Key] = append(seen[p.Key], p)
			ids[p.MessageID] = true
		}
	}
	return seen, alsoSeen(tx, seen, ids, names)
}

// alsoSeen adds the records of the same messages under other file names, by their
// Message-IDs.
func alsoSeen(tx Tx, seen map[Key][]Processed, ids map[string]bool, asked []string) error {
	for id := range ids {
		if id == "" || slices.Contains(asked, id) {
			continue
		}
		for p, err := range tx.ProcessedAt(id) {
			if err != nil {
				return err
			}
			if _, ok := seen[p.Key]; ok {
				seen[p.Key] = append(seen[p.Key], p)
			}
		}
	}
	for k, rows := range seen {
		slices.SortFunc(rows, func(a, b Processed) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Seq, b.Seq))
		})
		seen[k] = slices.CompactFunc(rows, func(a, b Processed) bool { return a.Run == b.Run && a.Seq == b.Seq })
	}
	return nil
}

// history returns what is known of a message, the runs' records excepted.
func history(tx Tx, k Key) (History, error) {
	h := History{Key: k}
	if k.IsZero() {
		return h, nil
	}
	var err error
	if h.Item, err = tx.Item(k); err != nil && !errors.Is(err, fault.ErrNotFound) {
		return h, err
	}
	if h.Outcomes, err = tx.Outcomes(k); err != nil {
		return h, err
	}
	if h.Held, err = tx.HeldOf(k); err != nil {
		return h, err
	}
	docs, err := tx.DocumentsOf(k)
	if err != nil {
		return h, err
	}
	for _, d := range docs {
		shown, err := shownAs(tx, d)
		if err != nil {
			return h, err
		}
		h.Documents = append(h.Documents, shown)
	}
	return h, nil
}

// shownAs finds where the tree shows a version, if it does.
func shownAs(tx Tx, d Document) (Shown, error) {
	l, err := tx.Library(d.Library)
	if err != nil {
		return Shown{}, err
	}
	current, err := tx.CurrentDocument(d.Library, d.FolderKey, d.NameKey)
	if err != nil || current.Version != d.Version {
		return Shown{Document: d}, err
	}
	return Shown{d, TreePath(l.Site, d)}, nil
}
