package incoming

import (
	"context"
	"fmt"
	"io"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/dkim"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

// ladder is how a feed's senders are proved, beyond what its envelopes say.
type ladder struct {
	align access.Alignment
	dkim  *dkim.Verifier // nil: nobody verifies signatures
}

// unproved is what kept us from finding out who sent a message: its file could not be
// read, or the DNS gave no answer.
type unproved struct{ error }

func (u unproved) Unwrap() error { return u.error }

// isOfSender reports whether mail is rejected for who its sender is.
func isOfSender(r fault.Reason) bool {
	switch r {
	case fault.NotAuthenticated, fault.AmbiguousSender, fault.NoPermission, fault.SenderBlocked:
		return true
	}
	return false
}

// ladderOf returns how the senders of a feed are proved.
func (o Options) ladderOf(f Feed) ladder {
	l := ladder{align: f.Align}
	if f.DKIM {
		l.dkim = o.DKIM
	}
	return l
}

// sender says who sent a message, and how we know: by the login that the feed's MTA
// vouches for, else by the domain of From, where that is proved, else by the word of the
// envelope. Each proves one address, and nobody else is the sender. in is the message
// below the zone.
func (j *judge) sender(ctx context.Context, l ladder, x *examination, in *io.SectionReader) (who access.Sender, err error) {
	switch {
	case x.env.Proof.Field != "":
		who, err = j.proven(ctx, x.env.Proof)
	case x.env.Proof.Doubt != "":
		who, err = j.claimed(ctx, x.env)
		who.Login, who.Ambiguous, who.Evidence = "", true, x.env.Proof.Doubt
	default:
		who, err = j.aligned(ctx, l, x, in)
	}
	who.Envelope = x.env.Sender
	return who, err
}

// claimed is the sender by the word of the envelope.
func (j *judge) claimed(ctx context.Context, env drop.Envelope) (access.Sender, error) {
	who := access.Sender{Address: env.Sender, Rung: access.Claimed, Evidence: "envelope sender, which anyone can write"}
	if env.Sender.IsNull() {
		who.Evidence = "null envelope sender"
		return who, nil
	}
	u, err := j.userAt(ctx, env.Sender)
	return resolved(who, u), err
}

// proven is the sender that the feed's MTA vouches for. A login that is no address of a
// user's is looked for among the users' logins.
func (j *judge) proven(ctx context.Context, p drop.Proof) (who access.Sender, err error) {
	who = access.Sender{Address: p.Address, Rung: access.Proven, Evidence: p.String()}
	var u user
	if !p.Address.IsNull() {
		u, err = j.userAt(ctx, p.Address)
	}
	if err == nil && u.login == "" && p.Login != "" {
		u, err = j.userNamed(ctx, p.Login)
	}
	if p.Address.IsNull() {
		who.Address = address.Address{Local: p.Login}
	}
	return resolved(who, u), err
}

// aligned is the single From mailbox, where something proves its domain, else the sender
// that the envelope claims. A From that can be read in several ways is nobody's, although
// its domain may be proved.
func (j *judge) aligned(ctx context.Context, l ladder, x *examination, in *io.SectionReader) (access.Sender, error) {
	claimed, err := j.claimed(ctx, x.env)
	if err != nil || x.msg == nil || len(x.env.Results) == 0 && l.dkim == nil {
		return claimed, err
	}
	fields, err := x.msg.FromFields(ctx)
	if err != nil {
		return claimed, unproved{err}
	}
	from, doubt := address.ParseFrom(fields)
	results := resultsOf(x.env)
	evidence, why := "", ""
	if doubt == nil {
		evidence, why = l.align.Align(from, results)
	}
	if evidence == "" && l.dkim != nil {
		signed, err := l.verify(ctx, in, from)
		if err != nil {
			return claimed, unproved{err}
		}
		if results = append(results, signed...); doubt == nil {
			evidence, why = l.align.Align(from, results)
		}
	}
	switch {
	case doubt != nil && slices.ContainsFunc(results, access.Result.Passes):
		claimed.Login, claimed.Ambiguous, claimed.Evidence = "", true, doubt.Error()
		return claimed, nil
	case evidence == "":
		if why != "" {
			claimed.Evidence += "; " + why
		}
		return claimed, nil
	}
	who := access.Sender{Address: from, Rung: access.Aligned, Evidence: evidence}
	u, err := j.userAt(ctx, from)
	return resolved(who, u), err
}

// resultsOf returns what the feed's MTA found out.
func resultsOf(env drop.Envelope) (results []access.Result) {
	for _, r := range env.Results {
		results = append(results, access.Result{
			Method: r.Method, Value: r.Value, Domain: r.Domain, Where: fmt.Sprintf("authentication-results, line %d", r.Line),
		})
	}
	return results
}

// verify verifies the message's signatures. Where the DNS says nothing of one that could
// prove the domain of from, the message is tried again.
func (l ladder) verify(ctx context.Context, in *io.SectionReader, from address.Address) (results []access.Result, err error) {
	signatures, err := l.dkim.Verify(ctx, io.NewSectionReader(in, 0, in.Size()))
	if err != nil {
		return nil, fmt.Errorf("verify the signatures: %w", err)
	}
	for _, s := range signatures {
		r := access.Result{Method: access.MethodDKIM, Value: "fail", Domain: s.Domain, Where: "a signature verified here"}
		if s.Pass {
			r.Value = "pass"
		}
		results = append(results, r)
	}
	if evidence, _ := l.align.Align(from, results); evidence != "" {
		return results, nil
	}
	for _, s := range signatures {
		could := access.Result{Method: access.MethodDKIM, Value: "pass", Domain: s.Domain}
		if evidence, _ := l.align.Align(from, []access.Result{could}); s.Unknown && evidence != "" {
			return nil, fmt.Errorf("look up the key of a DKIM signature of %s: %s", s.Domain, s.Why)
		}
	}
	return results, nil
}
