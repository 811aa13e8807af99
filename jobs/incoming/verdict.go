package incoming

import (
	"context"
	"fmt"
	"io"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// verdict is the answer for one recipient.
type verdict struct {
	recipient address.Address
	library   library.Library // Name "" where none was found
	detail    string          // of the recipient's address (RFC 5233 §1), where the library has it without
	decision  access.Decision
	plan      library.Planned // of an allowed one, once the parts are decoded
	header    string          // of the message, where the library keeps it
}

// allowed reports whether the message is filed for this recipient.
func (v verdict) allowed() bool { return v.decision.Allow }

// rejected returns the verdict of a recipient for whom the message is not filed.
func rejected(to address.Address, l library.Library, reason fault.Reason, format string, args ...any) verdict {
	return verdict{recipient: to, library: l, decision: access.Decision{Reason: reason, Detail: fmt.Sprintf(format, args...)}}
}

// decide judges the sender and every recipient of a message; in is what stands below its
// trusted zone. Errors are the store's, or an unproved or unanswered.
func (j *judge) decide(ctx context.Context, l ladder, x *examination, in *io.SectionReader) (err error) {
	if x.who, err = j.sender(ctx, l, x, in); err != nil {
		return err
	}
	for _, to := range x.env.Recipients {
		v, err := j.verdict(ctx, x.policy, x.who, to)
		if err != nil {
			return err
		}
		x.verdicts = append(x.verdicts, x.guard(v))
	}
	return nil
}

func (j *judge) verdict(ctx context.Context, p access.Policy, who access.Sender, to address.Address) (verdict, error) {
	if !j.domains[address.FoldDomain(to.Domain)] {
		return rejected(to, library.Library{}, fault.ForeignDomain, "%s is not one of this farm's domains", to.Domain), nil
	}
	has, detail, err := j.addressee(ctx, to)
	switch {
	case err != nil:
		return verdict{}, err
	case has.Group != "":
		return rejected(to, has.Library, fault.GroupAddress, "%s", has.Why), nil
	case has.Why != "":
		return rejected(to, has.Library, fault.UnknownAddress, "%s", has.Why), nil
	case has.Library.Name == "":
		return rejected(to, has.Library, fault.UnknownAddress, "no library has the local part %s", to.Local), nil
	}
	level, err := j.levelOf(ctx, who, has.Library)
	if err != nil {
		return verdict{}, err
	}
	return verdict{recipient: to, library: has.Library, detail: detail, decision: access.Decide(p, has.Library, level, who)}, nil
}

// planFor lets an allowed verdict's library say what documents the message becomes; a
// library may still reject it. Of two recipients of one library, the first one's plan is
// filed, in the folder that its detail names: the other one's outcome says with whose.
func (v *verdict) planFor(a library.Arrival, who access.Sender) {
	a.Plus, a.Sender = v.detail, unverified
	if v.decision.Verified {
		a.Sender = who.Address.String()
	}
	v.plan = library.Plan(v.library, a)
	if v.plan.Reason != "" {
		v.decision = access.Decision{Reason: v.plan.Reason, Detail: v.plan.Detail}
		return
	}
	v.decision.Detail = v.plan.Note()
}

// unverified names the sender folder of mail whose sender we are not sure of.
const unverified = "unverified"

// decided turns the verdict into what the store settles.
func (v verdict) decided(p access.Policy) store.Decided {
	d := store.Decided{
		Recipient: v.recipient, State: store.Filed, Library: v.library.Name,
		Reason: v.decision.Reason, Detail: v.decision.Detail, Author: v.decision.Author,
		Drafts: v.plan.Drafts, Skipped: v.plan.Skipped.Total(), Header: v.header,
	}
	if !v.allowed() {
		d.Header = ""
		d.State = stateFor(p, v.decision.Reason)
	}
	return d
}

// stateFor says what becomes of a recipient whose message was rejected.
func stateFor(p access.Policy, reason fault.Reason) store.State {
	if p.ActionFor(reason) == access.ActionDelete {
		return store.Deleted
	}
	return store.Held
}
