package store

import (
	"fmt"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
)

// twin is an earlier message with other bytes that has the Message-ID and the sender of
// the one that is being settled.
type twin struct {
	item    Item
	reached map[string]State // by recipient key; Filed also where it was released
	again   []string         // recipients of the new one that it had reached
}

// covers reports whether a recipient has the message already. What would be filed is
// never dropped for mail that was not.
func (t *twin) covers(d Decided) bool {
	state, ok := t.reached[d.Recipient.Key()]
	return ok && (state == Filed || d.State != Filed)
}

// maxTwins bounds how many messages with one Message-ID are looked at. Who floods a farm
// with more makes no settlement slow; mail is filed twice at worst.
const maxTwins = 100

// twins returns the earlier copies of a message, where the farm goes by Message-IDs.
//
// A Message-ID is no secret, so it counts only from the same sender, and not where we
// were less sure of the sender than now: else strangers could keep mail out with forged
// copies sent ahead of it.
func twins(tx Tx, p *pending) ([]*twin, error) {
	now := p.Item
	if p.Duplicates != access.DuplicatesByMessageID || now.MessageID == "" || now.Sender == "" || len(p.Decided) == 0 {
		return nil, nil
	}
	sent, err := tx.ItemsSent(now.MessageID, maxTwins)
	if err != nil {
		return nil, err
	}
	var all []*twin
	for _, it := range sent {
		if it.Key == now.Key || it.Rung < now.Rung || it.Login != now.Login || senderKey(it) != senderKey(now) {
			continue
		}
		t, err := newTwin(tx, it)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// senderKey returns what the spellings of an item's sender have in common.
func senderKey(it Item) string {
	a, err := address.ParseMailbox(it.Sender)
	if err != nil {
		return it.Sender
	}
	return a.Key()
}

// newTwin looks up whom a message has reached.
func newTwin(tx Tx, it Item) (*twin, error) {
	t := &twin{item: it, reached: map[string]State{}}
	outcomes, err := tx.Outcomes(it.Key)
	if err != nil {
		return nil, err
	}
	held := false
	for _, o := range outcomes {
		t.reached[o.RecipientKey] = o.State
		held = held || o.State == Held
	}
	if !held {
		return t, nil
	}
	mail, err := tx.HeldOf(it.Key)
	for _, h := range mail {
		if h.State == HeldReleased {
			t.reached[h.Outcome.RecipientKey] = Filed
		}
	}
	return t, err
}

// undecided returns the decisions for the recipients that have no outcome yet and no
// earlier copy, each once, and the copies that the others have.
func undecided(tx Tx, p *pending, earlier []Outcome) (open []Decided, had []*twin, err error) {
	all, err := twins(tx, p)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[string]bool, len(earlier))
	for _, o := range earlier {
		known[o.RecipientKey] = true
	}
	for _, d := range p.Decided {
		if known[d.Recipient.Key()] {
			continue
		}
		known[d.Recipient.Key()] = true
		if !covered(all, d) {
			open = append(open, d)
		}
	}
	for _, t := range all {
		if len(t.again) > 0 {
			had = append(had, t)
		}
	}
	return open, had, nil
}

// covered notes which copy a recipient has, and reports whether there is one.
func covered(all []*twin, d Decided) bool {
	for _, t := range all {
		if t.covers(d) {
			t.again = append(t.again, d.Recipient.String())
			return true
		}
	}
	return false
}

// noteTwins puts the earlier copies on record. A message that is nothing but a copy is
// recorded as one of the message that is there.
func (row *Processed) noteTwins(had []*twin, nothingElse bool) {
	details := make([]string, 0, len(had)+1)
	if row.Detail != "" {
		details = append(details, row.Detail)
	}
	for _, t := range had {
		details = append(details, fmt.Sprintf("same Message-ID and sender as %s (message %s), which %s had",
			t.item.File, t.item.Key, strings.Join(t.again, ", ")))
	}
	row.Detail = strings.Join(details, "; ")
	if nothingElse && len(had) > 0 {
		row.Key = had[0].item.Key
	}
}
