package incoming

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
)

// Override is what an operator decides about a held message, in place of the policy.
type Override struct {
	// Library takes it; "": the one that the recipient's local part belongs to now.
	Library string
	// Author is the login of its documents' author; "": the user whose address the
	// sender has now, else the System Account.
	Author string
	// Force files it although it, or a file, is too large or of a type that the library
	// blocks.
	Force bool
	// DryRun decides, and changes nothing.
	DryRun bool
}

// Released is what a held message became.
type Released struct {
	Library string
	Author  string
	// Paths are those of its documents below the library; after a dry run without the
	// numbers that names get where they are taken.
	Paths   []string
	Skipped int    // parts that the library does not want
	LeftOut string // names some of them, for people; "" where there are none
	Present bool   // the library had the message already, by another address: nothing was filed again
	// Tree is what kept a document from being shown in the tree; the next run of the job
	// tries again.
	Tree error
}

// Release files a held message by the job's own code, whatever rights its sender has and
// however sure we are of that: the operator has decided. What the job could not read (over-limits,
// poison) is filed as its original alone. The e-mail columns are those of the message.
//
// fault.ErrConflict: it was released, refused or has expired already. fault.ErrNotFound:
// there is no such library or user, or the drop file was swept. A permanent error: the
// message stays held, and its text says what to do.
func Release(ctx context.Context, o Options, h store.HeldMail, by Override) (Released, error) {
	if h.State != store.HeldWaiting {
		return Released{}, fmt.Errorf("it is %s already: %w", h.State, fault.ErrConflict)
	}
	src, err := o.Store.OpenHeld(ctx, h)
	if err != nil {
		return Released{}, err
	}
	a := &arrival{
		Item: &drop.Item{Name: h.Item.File, Feed: h.Item.Feed, Format: h.Item.Format, Size: src.Size()},
		src:  src, key: h.Item.Key, stage: o.Store.Stage(),
		examination: examination{received: h.Since, released: true},
	}
	r, err := a.release(ctx, o, h, by)
	return r, errors.Join(err, a.close())
}

func (a *arrival) release(ctx context.Context, o Options, h store.HeldMail, by Override) (Released, error) {
	keep := a.keep
	if by.DryRun {
		keep = discard
	}
	if err := a.openEnvelope(o); err != nil {
		return Released{}, err
	}
	harm := a.walkHeld(ctx, o.Limits, h)
	if err := a.override(ctx, o, h, by); err != nil {
		return Released{}, err
	}
	if err := a.fileHeld(ctx, harm, keep); err != nil {
		return Released{}, err
	}
	v := a.verdicts[0]
	if !v.allowed() {
		return Released{}, fault.Markf(fault.Permanent, v.decision.Reason, "%s; --force files it all the same", v.decision.Detail)
	}
	r := Released{Library: v.library.Name, Author: v.decision.Author, Skipped: v.plan.Skipped.Total(), LeftOut: v.decision.Detail}
	if by.DryRun {
		for _, d := range v.plan.Drafts {
			r.Paths = append(r.Paths, store.Document{Folder: d.Folder, Name: d.Name}.Path())
		}
		return r, nil
	}
	done, err := o.Store.Release(ctx, store.Release{Held: h, Columns: a.columns(), Decided: v.decided(a.policy), Forced: by.Force, Staging: a.stage})
	if err != nil {
		return Released{}, err
	}
	for _, d := range done.Documents {
		r.Paths = append(r.Paths, d.Path())
	}
	r.Present, r.Tree = len(v.plan.Drafts) > len(done.Documents), done.Tree
	return r, nil
}

// openEnvelope reads the envelope. Where there is none that can be read, the whole file is
// the message.
func (a *arrival) openEnvelope(o Options) error {
	format, err := o.feedOf(a.Feed, a.Format).reads()
	if err != nil {
		return err
	}
	a.env, err = drop.ReadEnvelope(a.src, a.Size, format)
	if fault.Of(err) == fault.Permanent {
		return nil
	}
	return err
}

// override makes the operator's word the verdict for the recipient.
func (a *arrival) override(ctx context.Context, o Options, h store.HeldMail, by Override) (err error) {
	j := o.judge()
	if a.who, err = j.author(ctx, o.ladderOf(o.feedOf(a.Feed, a.Format)), a, by.Author); err != nil {
		return err
	}
	var to address.Address
	for _, r := range a.env.Recipients {
		if r.Key() == h.Outcome.RecipientKey {
			to = r
		}
	}
	l, detail, err := j.destination(ctx, a.who, to, by.Library)
	if err != nil {
		return err
	}
	if by.Force {
		l.Settings.MaxFileSize, l.Settings.MaxMessageSize, l.Settings.BlockedTypes = library.Unlimited, 0, nil
	}
	d := access.Decision{Allow: true, Author: access.SystemAccount}
	if a.who.Login != "" {
		d.Author, d.Verified = a.who.Login, !a.who.Address.IsNull()
	}
	a.verdicts = []verdict{{recipient: to, library: l, detail: detail, decision: d}}
	return nil
}

// author returns the sender, or the user of that login as if the message were theirs.
func (j *judge) author(ctx context.Context, l ladder, a *arrival, login string) (access.Sender, error) {
	if login != "" { // whoever it was, and whatever DNS and directory say
		l = ladder{}
	}
	who, err := j.sender(ctx, l, &a.examination, body(a.src, a.Size, a.env))
	if who.Ambiguous {
		who.Login = ""
	}
	if login != "" && errors.As(err, new(unanswered)) {
		err = nil
	}
	if err != nil || login == "" || login == who.Login {
		return who, err
	}
	users, err := j.store.Users(ctx)
	if err != nil {
		return who, err
	}
	for _, u := range users {
		if u.Login != login {
			continue
		}
		who.Login, who.Address, who.Person, who.Groups = login, address.Address{}, false, nil
		if len(u.Addresses) > 0 {
			who.Address, err = address.ParseMailbox(u.Addresses[0])
		}
		return who, err
	}
	return who, fmt.Errorf("there is no user %s: %w", login, fault.ErrNotFound)
}

// destination returns the library of that name, or else the recipient's, and the detail
// of the recipient's address.
func (j *judge) destination(ctx context.Context, who access.Sender, to address.Address, name string) (l library.Library, detail string, err error) {
	if name == "" {
		return j.ownDestination(ctx, who, to)
	}
	if !to.IsNull() {
		_, detail, err = j.addressee(ctx, to)
	}
	if err == nil {
		l, err = j.store.Library(ctx, name)
	}
	switch {
	case errors.Is(err, fault.ErrNotFound):
		err = fmt.Errorf("there is no library %s: %w", name, fault.ErrNotFound)
	case err == nil && l.Archived:
		err = fault.Markf(fault.Permanent, fault.LibraryClosed, "library %s is archived: name another one with --to", name)
	}
	return l, detail, err
}

// ownDestination returns the recipient's library.
func (j *judge) ownDestination(ctx context.Context, who access.Sender, to address.Address) (library.Library, string, error) {
	if to.IsNull() {
		return library.Library{}, "", fault.Markf(fault.Permanent, fault.NoEnvelope, "the message has no recipient that can be read: name a library with --to")
	}
	v, err := j.verdict(ctx, access.Policy{}, who, to)
	if err == nil && v.library.Name == "" {
		err = fault.Markf(fault.Permanent, v.decision.Reason, "%s: name a library with --to", v.decision.Detail)
	}
	return v.library, v.detail, err
}

// walkHeld finds the message's parts. What has ended processes before is not looked at;
// harm says that, and what else stands against reading the message.
func (a *arrival) walkHeld(ctx context.Context, limits message.Limits, h store.HeldMail) (harm error) {
	if h.Outcome.Reason == fault.Poisoned {
		return fault.Markf(fault.Poison, fault.Poisoned, "it was held as %s", fault.Poisoned)
	}
	defer recovered(&harm)
	return a.walk(ctx, message.NewParser(limits), body(a.src, a.Size, a.env))
}

// fileHeld plans the message's documents. What does harm is planned as its original alone.
func (a *arrival) fileHeld(ctx context.Context, harm error, keep sink) error {
	if harm == nil {
		harm = a.fileGuarded(ctx, keep)
	}
	if fault.Of(harm) != fault.Poison {
		return harm
	}
	in := body(a.src, a.Size, a.env)
	whole := message.Message{Malformed: "it is over the limits", Size: in.Size()}
	if a.msg != nil {
		whole.Header = a.msg.Header
	}
	v := &a.verdicts[0]
	v.planFor(library.Arrival{Message: &whole, Original: message.Content{Size: in.Size()}, Received: a.received, Released: true}, a.who)
	if !v.allowed() {
		return nil
	}
	original, err := keep(ctx, func(w io.Writer) (message.Content, error) { return copyAll(ctx, w, in) })
	v.plan.Drafts[0].Content = original
	return err
}

func (a *arrival) fileGuarded(ctx context.Context, keep sink) (err error) {
	defer recovered(&err)
	if err := a.decode(ctx, keep); err != nil {
		return err
	}
	return a.plan(ctx, keep)
}
