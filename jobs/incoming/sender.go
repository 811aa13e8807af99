package incoming

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/dkim"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
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
	return slices.Contains([]fault.Reason{fault.NotAuthenticated, fault.AmbiguousSender, fault.NoPermission, fault.SenderBlocked}, r)
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
	switch proof := x.env.Proof; {
	case proof.Field != "":
		who, err = j.resolve(ctx, proven(proof), proof.Address, proof.Login)
	case proof.Doubt != "":
		who = doubted(x.env, proof.Doubt)
	default:
		if who, err = j.proved(ctx, l, x, in); err == nil && !who.Ambiguous {
			who, err = j.resolve(ctx, who, who.Address, "")
		}
	}
	who.Envelope = x.env.Sender
	return who, err
}

// claimed is the sender by the word of the envelope.
func claimed(env drop.Envelope) access.Sender {
	if env.Sender.IsNull() {
		return access.Sender{Rung: access.Claimed, Evidence: "null envelope sender"}
	}
	return access.Sender{Address: env.Sender, Rung: access.Claimed, Evidence: "envelope sender, which anyone can write"}
}

// doubted is the sender where what was found out cannot be one person's.
func doubted(env drop.Envelope, why string) access.Sender {
	return access.Sender{Address: env.Sender, Rung: access.Claimed, Evidence: why, Ambiguous: true}
}

// proven is the sender that the feed's MTA vouches for.
func proven(p drop.Proof) access.Sender {
	who := access.Sender{Address: p.Address, Rung: access.Proven, Evidence: p.String()}
	if p.Address.IsNull() {
		who.Address = address.Address{Local: p.Login}
	}
	return who
}

// proved is the single From mailbox, where something proves its domain, else the sender
// that the envelope claims. A From that can be read in several ways is nobody's, although
// its domain may be proved.
func (j *judge) proved(ctx context.Context, l ladder, x *examination, in *io.SectionReader) (access.Sender, error) {
	claimed := claimed(x.env)
	if x.msg == nil || len(x.env.Results) == 0 && l.dkim == nil {
		return claimed, nil
	}
	from, doubt, err := fromOf(ctx, x.msg)
	if err != nil {
		return claimed, unproved{err}
	}
	results, why, err := resultsOf(ctx, x)
	if err != nil {
		return claimed, unproved{err}
	}
	evidence := ""
	if doubt == nil && why == "" {
		evidence, why = l.align.Align(from, results)
	}
	if evidence == "" && l.dkim != nil {
		signed, unknown, err := l.verify(ctx, in, from)
		if err != nil {
			return claimed, unproved{err}
		}
		if results = append(results, signed...); doubt == nil {
			evidence, why = l.align.Align(from, results)
		}
		if evidence == "" && unknown != nil {
			matters, err := j.matters(ctx, x.policy, from)
			if err != nil || matters {
				return claimed, cmp.Or(err, error(unproved{unknown}))
			}
		}
	}
	switch {
	case doubt != nil && slices.ContainsFunc(results, access.Result.Passes):
		return doubted(x.env, doubt.Error()), nil
	case evidence == "":
		if why != "" {
			claimed.Evidence += "; " + why
		}
		return claimed, nil
	}
	return access.Sender{Address: from, Rung: access.Aligned, Evidence: evidence}, nil
}

// fromOf returns the message's one author by its From, or the doubt that there is one.
func fromOf(ctx context.Context, m *message.Message) (from address.Address, doubt, err error) {
	fields, err := m.FromFields(ctx)
	if err != nil {
		return from, nil, err
	}
	if m.Torn {
		return from, errors.New("the message's header ends in a line that is none of a header, where programs read on in different ways"), nil
	}
	from, doubt = address.ParseFrom(fields)
	return from, doubt, nil
}

// resultsOf returns what the feed's MTA found out, or why that counts for nothing.
func resultsOf(ctx context.Context, x *examination) (results []access.Result, why string, err error) {
	if len(x.env.Results) == 0 {
		return nil, "", nil
	}
	odd, err := x.msg.OddIdentity(ctx)
	if err != nil || odd {
		return nil, "a DKIM signature's identity has characters with which the sender could have written results", err
	}
	for _, r := range x.env.Results {
		results = append(results, access.Result{
			Method: r.Method, Value: r.Value, Domain: r.Domain, Where: fmt.Sprintf("authentication-results, line %d", r.Line),
		})
	}
	return results, "", nil
}

// matters reports whether it can change what becomes of a message that its From address is
// proved: it is somebody's, or the farm asks of everybody who they are. Strangers whose DNS
// gives no answer must not keep mail waiting. The error may be an unanswered.
func (j *judge) matters(ctx context.Context, p access.Policy, from address.Address) (bool, error) {
	if p.AuthenticatedOnly || len(p.SenderAllow) > 0 || len(p.SenderBlock) > 0 {
		return true, nil
	}
	u, err := j.userOf(ctx, from, "")
	return u.login != "" || u.doubt != "", err
}

// verify verifies the message's signatures. unknown says of which, that could prove the
// domain of from, the DNS gives no key and does not say that there is none.
func (l ladder) verify(ctx context.Context, in *io.SectionReader, from address.Address) (results []access.Result, unknown, err error) {
	defer recovered(&err)
	signatures, err := l.dkim.Verify(ctx, io.NewSectionReader(in, 0, in.Size()))
	if err != nil {
		return nil, nil, fmt.Errorf("verify the signatures: %w", err)
	}
	for _, s := range signatures {
		r := access.Result{Method: access.MethodDKIM, Value: "fail", Domain: s.Domain, Where: "a signature verified here"}
		if s.Pass {
			r.Value = "pass"
		}
		results = append(results, r)
	}
	for _, s := range signatures {
		could := access.Result{Method: access.MethodDKIM, Value: "pass", Domain: s.Domain}
		if evidence, _ := l.align.Align(from, []access.Result{could}); s.Unknown && evidence != "" {
			unknown = fmt.Errorf("look up the key of a DKIM signature of %s: %s", s.Domain, s.Why)
		}
	}
	return results, unknown, nil
}
