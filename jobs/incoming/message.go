package incoming

import (
	"context"
	"fmt"
	"io"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// arrival is one claimed drop file on its way through the job.
type arrival struct {
	*drop.Item
	src    durable.File
	env    drop.Envelope
	who    access.Sender
	policy access.Policy
	msg    *message.Message // nil where it could not be parsed
	key    store.Key
	stage  *store.Staging
}

// process takes one claimed file from its envelope to the store, top to bottom. When it
// returns nil, the drop file may be removed.
func (p *pass) process(ctx context.Context, item *drop.Item) (err error) {
	a := &arrival{Item: item, stage: p.Store.Stage()}
	defer func() { err = closeBoth(err, a) }()
	if a.policy, err = p.Store.Policy(ctx); err != nil {
		return outage{err}
	}
	if a.env, a.src, err = item.Open(); a.src == nil {
		return err
	}
	if err != nil {
		return p.rejectAll(ctx, a, err)
	}
	if err := unfit(item); err != nil {
		return p.rejectAll(ctx, a, err)
	}
	vs, err := p.read(ctx, a)
	if err != nil {
		return p.rejectAll(ctx, a, err)
	}
	if err := p.standsStill(a); err != nil {
		return err
	}
	return p.settle(ctx, a, vs)
}

// maxCrashes is how many processes may die with an item in hand before it is held.
const maxCrashes = 3

// unfit says why an item must not even be read: it brought the process down too often.
func unfit(item *drop.Item) error {
	if item.Crashes < maxCrashes {
		return nil
	}
	return fault.Markf(fault.Poison, fault.Poisoned, "the process ended %d times while it handled this message", item.Crashes)
}

// read parses and decodes the message and judges its recipients. One parser serves one
// message at a time; what waits for the commit afterwards holds rows, not windows.
func (p *pass) read(ctx context.Context, a *arrival) (vs []verdict, err error) {
	parser := <-p.parsers
	defer func() {
		if r := recover(); r != nil {
			err = fault.Markf(fault.Poison, fault.Poisoned, "handling the message failed in a way it never should: %v", r)
			parser = message.NewParser(p.Limits)
		}
		p.parsers <- parser
	}()

	in := body(a.src, a.Size, a.env)
	if a.msg, err = parser.Parse(ctx, in, in.Size()); err != nil {
		return nil, err
	}
	if a.who, err = p.judge.sender(ctx, a.env); err != nil {
		return nil, outage{err}
	}
	if vs, err = p.judge.verdicts(ctx, a.policy, a.who, a.env); err != nil {
		return nil, outage{err}
	}
	keep := discard
	if anyAllowed(vs) {
		keep = a.keep
	}
	contents, err := decode(ctx, a.msg, keep)
	if err != nil {
		return nil, err
	}
	a.key = keyOf(a.msg, contents, a.Name)
	if vs, err = p.undecided(ctx, a, vs); err != nil {
		return nil, outage{err}
	}
	if err := plan(ctx, a.msg, contents, a.who, vs, a.keep); err != nil {
		return nil, err
	}
	return vs, nil
}

func anyAllowed(vs []verdict) bool {
	for _, v := range vs {
		if v.allowed() {
			return true
		}
	}
	return false
}

// undecided returns the verdicts of those recipients that have no outcome yet.
func (p *pass) undecided(ctx context.Context, a *arrival, vs []verdict) ([]verdict, error) {
	known, err := p.Store.Outcomes(ctx, a.key)
	if err != nil || len(known) == 0 {
		return vs, err
	}
	done := make(map[string]bool, len(known))
	for _, o := range known {
		done[o.RecipientKey] = true
	}
	var open []verdict
	for _, v := range vs {
		if !done[v.recipient.Key()] {
			open = append(open, v)
		}
	}
	return open, nil
}

// standsStill fails where the writer was not done with the file when we read it.
func (p *pass) standsStill(a *arrival) error {
	changed, err := a.Changed()
	if err != nil {
		return err
	}
	if changed {
		return errChanged
	}
	return nil
}

// settle commits what was decided, and says of whom it was not filed for.
func (p *pass) settle(ctx context.Context, a *arrival, vs []verdict) error {
	decided := make([]store.Decided, 0, len(vs))
	for _, v := range vs {
		decided = append(decided, v.decided(a.policy))
	}
	return p.commit(ctx, a, decided)
}

// commit stages the whole drop file where anything is held, and settles.
func (p *pass) commit(ctx context.Context, a *arrival, decided []store.Decided) error {
	st := store.Settlement{Run: p.run.ID, Item: a.row(), Columns: a.columns(), Decided: decided, Staging: a.stage}
	for _, d := range decided {
		if d.State != store.Held || !st.Whole.IsZero() {
			continue
		}
		whole, err := a.keep(ctx, func(w io.Writer) (message.Content, error) {
			return copyAll(ctx, w, io.NewSectionReader(a.src, 0, a.Size))
		})
		if err != nil {
			return fmt.Errorf("stage the drop file: %w", err)
		}
		st.Whole = whole.Digest
	}
	done, err := p.Store.Settle(ctx, st)
	if err != nil {
		return outage{err}
	}
	p.count(done)
	p.reportTree(done.Tree)
	for _, o := range done.Outcomes {
		if o.State != store.Filed {
			event.Failure{
				MessageID: st.Item.MessageID, File: a.Name, Recipient: o.Recipient,
				State: string(o.State), Reason: string(o.Reason), Detail: o.Detail,
			}.Log(p.Log, p.run.ID)
		}
	}
	return nil
}

// row returns the item's row.
func (a *arrival) row() store.Item {
	it := store.Item{
		Key: a.key, Feed: a.Feed, Format: a.Format, File: a.Name, Sender: a.env.Sender.String(),
		Rung: a.who.Rung, Evidence: a.who.Evidence, Login: a.who.Login, Size: a.Size,
	}
	if a.msg != nil {
		it.MessageID = a.msg.Header.MessageID
	}
	return it
}

// columns returns the e-mail columns of the message's documents.
func (a *arrival) columns() store.Columns {
	c := store.Columns{Sender: a.env.Sender.String()}
	if a.msg != nil {
		h := a.msg.Header
		c.MessageID, c.From, c.To, c.Cc, c.Subject, c.Date = h.MessageID, h.From, h.To, h.Cc, h.Subject, h.Date
	}
	return c
}
