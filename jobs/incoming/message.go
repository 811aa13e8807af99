package incoming

import (
	"cmp"
	"context"
	"errors"
	"io"

	"mailchute/pkg/drop"
	"mailchute/pkg/event"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// arrival is one claimed drop file on its way through the job.
type arrival struct {
	*drop.Item
	examination
	src   source // nil where it could not be opened
	key   store.Key
	mark  int64
	stage *store.Staging

	memory  int64 // taken of the memory for what is in hand
	room    int64 // taken of held_max
	crowded bool  // there was none to take
}

// source is the drop file: in its folder, or in the store where it was held.
type source interface {
	io.ReaderAt
	io.Closer
}

// process takes one claimed file from its envelope to the store, top to bottom. When it
// returns nil, the drop file may be removed. What became of the file until then is in a.
func (p *pass) process(ctx context.Context, a *arrival) (err error) {
	defer recovered(&err)
	st, err := p.work(ctx, a)
	if err != nil {
		return err
	}
	err = p.settle(ctx, a, st)
	if errors.Is(err, store.ErrOverRate) {
		return p.settleLimited(ctx, a)
	}
	return err
}

// work does what comes before the commit. As many messages are in work at once as there
// are parsers; what waits for the commit afterwards holds rows, not windows.
func (p *pass) work(ctx context.Context, a *arrival) (st store.Settlement, err error) {
	var parser *message.Parser
	select {
	case parser = <-p.parsers:
	case <-ctx.Done():
		return st, ctx.Err()
	}
	defer func() { p.parsers <- parser }()
	if err := p.decide(ctx, a, &parser); err != nil {
		return st, err
	}
	return p.settlement(ctx, a)
}

// decide finds out what becomes of the message for each recipient: the verdicts of a.
func (p *pass) decide(ctx context.Context, a *arrival, parser **message.Parser) (err error) {
	judge, err := p.judges.next(ctx)
	if err != nil {
		return outage{err}
	}
	if a.policy, err = judge.policy(ctx); err != nil {
		return outage{err}
	}
	if a.env, a.src, err = a.Open(); a.src == nil {
		return notOpened(err)
	}
	a.received = a.Modified
	if err != nil {
		return p.reject(ctx, a, err)
	}
	doubt := p.walk(ctx, a, parser)
	if err := p.judge(ctx, a, judge, &doubt); err != nil {
		return err
	}
	if err := p.takeRoom(ctx, a); err != nil {
		return err
	}
	if a.stillWaits() {
		return errNoRoom
	}
	if err := p.memory.take(ctx, a); err != nil {
		return err
	}
	if a.mark, err = markOf(body(a.src, a.Size, a.env)); err != nil {
		return p.reject(ctx, a, err)
	}
	if doubt == nil {
		doubt = p.read(ctx, a, parser)
	}
	if doubt != nil {
		return p.reject(ctx, a, doubt)
	}
	return nil
}

// judge finds the verdicts. Where the sender cannot be found out just now, they are those
// of nobody we know, and doubt says why the message must wait.
func (p *pass) judge(ctx context.Context, a *arrival, j *judge, doubt *error) error {
	err := j.decide(ctx, p.ladderOf(p.feedOf(a.Feed, a.Format)), &a.examination, body(a.src, a.Size, a.env))
	if errors.As(err, new(unproved)) {
		*doubt, a.unproved = cmp.Or(*doubt, err), true
		err = j.decide(ctx, ladder{}, &a.examination, nil)
	}
	if err != nil && !errors.As(err, new(unanswered)) {
		return outage{err}
	}
	return err
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

// walk finds the message's parts. A parser that may have been left in the middle of
// something is replaced.
func (p *pass) walk(ctx context.Context, a *arrival, parser **message.Parser) (err error) {
	if err := unfit(a.Item); err != nil {
		return err
	}
	defer p.renew(parser, &err)
	defer recovered(&err)
	return a.walk(ctx, *parser, body(a.src, a.Size, a.env))
}

// renew replaces a parser that has failed.
func (p *pass) renew(parser **message.Parser, err *error) {
	if fault.Of(*err) == fault.Poison {
		*parser = message.NewParser(p.Limits)
	}
}

// read decodes the message, and plans its documents.
func (p *pass) read(ctx context.Context, a *arrival, parser **message.Parser) (err error) {
	defer p.renew(parser, &err)
	defer recovered(&err)

	if err := a.decode(ctx, a.keep); err != nil {
		return err
	}
	a.key = keyOf(a.msg, a.contents, a.Name)
	known, err := p.skipDecided(ctx, a)
	if err == nil && !known {
		err = a.checkRate(ctx, p.Store)
	}
	if err != nil {
		return outage{err}
	}
	if err := p.takeRoom(ctx, a); err != nil {
		return err
	}
	return a.plan(ctx, a.keep)
}

// skipDecided drops the verdicts of recipients that have their outcome, and reports
// whether there are any.
func (p *pass) skipDecided(ctx context.Context, a *arrival) (known bool, err error) {
	outcomes, err := p.Store.Outcomes(ctx, a.key, a.stage)
	if err != nil || len(outcomes) == 0 {
		return false, err
	}
	done := make(map[string]bool, len(outcomes))
	for _, o := range outcomes {
		done[o.RecipientKey] = true
	}
	var open []verdict
	for _, v := range a.verdicts {
		if !done[v.recipient.Key()] {
			open = append(open, v)
		}
	}
	a.verdicts = open
	return true, nil
}

// settlement says what the store is to commit, and stages the drop file where anything
// is held. A file that changed while it was read is left alone.
func (p *pass) settlement(ctx context.Context, a *arrival) (store.Settlement, error) {
	st := store.Settlement{
		Run: p.run.ID, Item: a.row(), Columns: a.columns(), Staging: a.stage, Duplicates: a.policy.Duplicates, Rate: a.rate(),
	}
	for _, v := range a.verdicts {
		if a.waits(v) {
			st.Waiting, st.Detail = append(st.Waiting, v.recipient.String()), noRoom(a.policy).Error()
			continue
		}
		st.Decided = append(st.Decided, a.decided(v))
	}
	if a.stillWaits() {
		return st, errNoRoom
	}
	if err := a.stageWhole(ctx, &st); err != nil {
		return st, err
	}
	changed, err := a.Changed()
	if err == nil && changed {
		err = errChanged
	}
	return st, notOpened(err)
}

// settle commits what was decided, and says for whom the message was not filed.
func (p *pass) settle(ctx context.Context, a *arrival, st store.Settlement) error {
	done, err := p.Store.Settle(ctx, st)
	if err != nil {
		return settleFailed(err)
	}
	p.count(done)
	if done.Tree != nil {
		p.reportTree(done.Tree)
	}
	p.logOutcomes(a, done.Outcomes)
	for _, to := range st.Waiting {
		p.logFailure(a, to, store.Deferred, string(store.Deferred), st.Detail)
	}
	if len(st.Waiting) > 0 {
		return errNoRoom
	}
	return nil
}

// logOutcomes writes event 6873 for each recipient whose mail was not filed, and 6872
// for a file without an envelope.
func (p *pass) logOutcomes(a *arrival, outcomes []store.Outcome) {
	for _, o := range outcomes {
		if o.Reason == fault.NoEnvelope {
			event.LogFile(p.Log, a.Feed, a.Name, o.Detail)
		}
		if o.State != store.Filed {
			p.logFailure(a, o.Recipient, o.State, string(o.Reason), o.Detail)
		}
	}
}

func (p *pass) logFailure(a *arrival, to string, s store.State, reason, detail string) {
	event.Failure{
		MessageID: a.row().MessageID, File: a.Name, Sender: a.row().Sender, Recipient: to, State: string(s), Reason: reason, Detail: detail,
	}.Log(p.Log, p.run.ID)
}
