package incoming

import (
	"context"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// Prospect says what would become of mail from a sender to a recipient. Its JSON is a
// contract (COMMANDS.md).
type Prospect struct {
	Sender    string  `json:"sender"` // "" is the null sender
	Recipient string  `json:"recipient"`
	Principal *string `json:"principal"` // "user:alice"; null is nobody
	Library   *string `json:"library"`   // null where there is none
	Standing
	// Needs is the lowest of the rungs asked about on which the mail is filed; null: none.
	Needs *access.Rung `json:"needs"`
	Rungs []OnRung     `json:"rungs"`
	Feeds []FeedReach  `json:"feeds"`
}

// OnRung is the decision about a sender who is on a rung.
type OnRung struct {
	Rung     access.Rung  `json:"rung"`
	Decision string       `json:"decision"`
	Reason   fault.Reason `json:"reason"`
	Detail   string       `json:"detail"`
	Author   string       `json:"author"`
}

// FeedReach is the surest rung that senders can be on in a feed.
type FeedReach struct {
	Feed  string      `json:"feed"`
	Reach access.Rung `json:"reach"`
}

// ExplainSender says what the job would do with mail of a sender, null or not, to a
// recipient, on each of the rungs; all where none is given. It asks what the job asks of the
// sender and the recipient; what a message may be refused for besides (its size, its types,
// its number, a loop) is not asked.
func ExplainSender(ctx context.Context, o Options, from, to address.Address, rungs ...access.Rung) (Prospect, error) {
	x := Prospect{Sender: from.String(), Recipient: to.String(), Rungs: []OnRung{}, Feeds: []FeedReach{}}
	for _, f := range o.Feeds {
		x.Feeds = append(x.Feeds, FeedReach{f.Name, f.reach()})
	}
	if len(rungs) == 0 {
		rungs = []access.Rung{access.Claimed, access.Aligned, access.Proven}
	}
	if from.IsNull() {
		rungs = []access.Rung{access.Claimed}
	}
	j := o.judge()
	policy, err := j.policy(ctx)
	if err != nil {
		return x, err
	}
	for _, rung := range rungs {
		if err := x.onRung(ctx, j, policy, from, to, rung); err != nil {
			return x, err
		}
	}
	return x, nil
}

// onRung adds what happens where the sender is on a rung.
func (x *Prospect) onRung(ctx context.Context, j *judge, p access.Policy, from, to address.Address, rung access.Rung) error {
	who := access.Sender{Address: from, Envelope: from, Rung: rung, Evidence: "as asked"}
	who, err := j.resolve(ctx, who, from, "")
	if err != nil {
		return err
	}
	v, err := j.verdict(ctx, p, who, to)
	if err != nil {
		return err
	}
	r := explainVerdict(v, p)
	x.Rungs = append(x.Rungs, OnRung{rung, r.Decision, r.Reason, r.Detail, r.Author})
	if v.allowed() && x.Needs == nil {
		x.Needs = &rung
	}
	if x.Library = r.Library; who.Login != "" {
		principal := access.UserPrincipal(who.Login).String()
		x.Principal = &principal
	}
	if x.Standing, err = j.stands(ctx, p, who, v); err != nil {
		return err
	}
	x.Chain = x.chain(who, v, r.decision())[1:] // the rung is told apart
	x.Chain = x.Chain[:len(x.Chain)-1]          // and so are the decisions
	return nil
}
