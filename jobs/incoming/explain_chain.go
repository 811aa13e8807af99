package incoming

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
)

// Standing says how a sender stands to the library of a recipient: what is asked of senders
// there, and which rights this one has. Its JSON is a contract (COMMANDS.md).
type Standing struct {
	// Asked is the lowest rung at which a sender counts as a person in the library, and
	// AskedBy who says so, "farm" or "library"; "" where there is no library.
	Asked   string `json:"asked,omitempty"`
	AskedBy string `json:"asked_by,omitempty"`
	// Level is what the sender has in the library, by Grant (SCOPE PRINCIPAL LEVEL), which
	// names the last of Through: the sender, and the groups that lead from one to the next.
	Level   string   `json:"level,omitempty"`
	Through []string `json:"through,omitempty"`
	Grant   string   `json:"grant,omitempty"`
	// Chain leads from the lines that were believed to the decision.
	Chain []Step `json:"chain,omitempty"`
}

// Step is one link of the chain: "line", "sender", "principal", "recipient", "asked",
// "grant" or "decision".
type Step struct {
	Step   string `json:"step"`
	Detail string `json:"detail"`
}

// stands says how the sender stands to the library of a verdict.
func (j *judge) stands(ctx context.Context, p access.Policy, who access.Sender, v verdict) (Standing, error) {
	lib := v.library
	if lib.Name == "" {
		return Standing{}, nil
	}
	why, err := j.store.Why(ctx, who.Login, lib, who.Principals()...)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{Asked: access.Trust(p, lib).String(), AskedBy: access.AskedBy(p, lib), Level: why.Level.String()}
	if why.Level > access.None {
		s.Grant = why.Grant.String()
	}
	for _, principal := range why.Through {
		s.Through = append(s.Through, principal.String())
	}
	return s, nil
}

// chain leads from the sender to the decision about one recipient.
func (s Standing) chain(who access.Sender, v verdict, decision string) []Step {
	steps := []Step{{"sender", senderStep(who)}, {"principal", principalStep(who)}}
	if lib := v.library; lib.Name != "" {
		steps = append(steps,
			Step{"recipient", fmt.Sprintf("%s is library %s of site %s", v.recipient, lib.Name, lib.Site)},
			Step{"asked", s.askedStep(lib)})
		if who.Login != "" {
			steps = append(steps, Step{"grant", s.grantStep(who, lib)})
		}
	}
	return append(steps, Step{"decision", decision})
}

func senderStep(who access.Sender) string {
	if who.Address.IsNull() {
		return fmt.Sprintf("the null sender is %s: %s", who.Rung, who.Evidence)
	}
	return fmt.Sprintf("%s is %s: %s", who.Address, who.Rung, who.Evidence)
}

func principalStep(who access.Sender) string {
	switch {
	case who.Login != "":
		return fmt.Sprintf("%s is %s", who.Address, access.UserPrincipal(who.Login))
	case who.Address.IsNull():
		return "the null sender is nobody"
	case who.Ambiguous:
		return fmt.Sprintf("%s is nobody: it cannot be taken for one person's (%s)", who.Address, who.Evidence)
	}
	return fmt.Sprintf("no user has the address %s", who.Address)
}

func (s Standing) askedStep(lib library.Library) string {
	by := "its own sender_trust"
	if s.AskedBy == "farm" {
		by = "the farm's policy"
	}
	if lib.Settings.Accept == library.AcceptAnyone {
		return fmt.Sprintf("library %s takes mail of anyone; who is %s or better counts as a person (%s)", lib.Name, s.Asked, by)
	}
	return fmt.Sprintf("library %s takes mail of contributors who are %s or better (%s)", lib.Name, s.Asked, by)
}

func (s Standing) grantStep(who access.Sender, lib library.Library) string {
	if s.Grant != "" {
		return fmt.Sprintf("%s → grant %s", strings.Join(s.named(who), " → "), s.Grant)
	}
	var scopes []string
	for _, scope := range access.ScopesOf(lib) {
		scopes = append(scopes, scope.String())
	}
	return fmt.Sprintf("no grant at %s is for %s or a group that it is in", strings.Join(scopes, " or "), access.UserPrincipal(who.Login))
}

// named returns Through with the names of groups of the directory, of which a principal has
// the ID.
func (s Standing) named(who access.Sender) []string {
	way := slices.Clone(s.Through)
	for _, g := range who.Groups {
		if i := slices.Index(way, access.DirectoryGroupPrincipal(g.ID).String()); i >= 0 {
			way[i] += " (" + g.Name + ")"
		}
	}
	return way
}

// retrace adds to each recipient how the decision came about.
func (x *Explanation) retrace(ctx context.Context, j *judge, e *examination) error {
	var believed []Step
	for _, l := range x.Lines {
		if l.Believed && l.Field != e.env.Source {
			believed = append(believed, lineStep(l))
		}
	}
	for i, v := range e.verdicts {
		r := &x.Recipients[i]
		s, err := j.stands(ctx, e.policy, e.who, v)
		if err != nil {
			return err
		}
		s.Chain = append(believed[:len(believed):len(believed)], s.chain(e.who, v, r.decision())...)
		r.Standing = s
	}
	return nil
}

func lineStep(l drop.Line) Step {
	return Step{"line", fmt.Sprintf("line %d, %s: %s", l.Number, l.Field, l.Why)}
}

// decision says in one line what becomes of the message for the recipient.
func (r RecipientExplanation) decision() string {
	return decisionText(r.Decision, string(r.Reason), r.Detail, r.Author)
}

func decisionText(decision, reason, detail, author string) string {
	if reason == "" {
		return fmt.Sprintf("%s, by %s", decision, author)
	}
	return fmt.Sprintf("%s (%s): %s", decision, reason, detail)
}
