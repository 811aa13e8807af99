package access

import (
	"fmt"

	"mailchute/pkg/fault"
)

// Policy is the farm's policy for incoming mail. The zero Policy is closed: nothing is
// filed and nothing is deleted.
type Policy struct {
	Enabled bool `json:"enabled"` // mail is taken at all
	// AuthenticatedOnly asks Aligned or better of every sender, also in libraries that
	// accept anyone or ask less.
	AuthenticatedOnly bool `json:"authenticated_only"`
	// SenderTrust is the lowest rung at which a sender counts as a person, in libraries
	// that do not say so themselves.
	SenderTrust Rung `json:"sender_trust"`
	// Rejects says what becomes of a message that was rejected, by reason; ActionHold
	// where a reason is not in it.
	Rejects map[fault.Reason]Action `json:"rejects,omitempty"`
}

// DefaultPolicy is the policy of a new farm: open, senders count from Aligned on, what
// is rejected is held.
func DefaultPolicy() Policy {
	return Policy{Enabled: true, SenderTrust: Aligned}
}

// Action is what becomes of a message for a recipient that rejected it.
type Action string

// The values of Action.
const (
	ActionHold   Action = "hold"   // kept with its reason, to be released or refused by people
	ActionDelete Action = "delete" // gone, on record, as SharePoint does
)

// ParseAction reads hold or delete.
func ParseAction(s string) (Action, error) {
	switch a := Action(s); a {
	case ActionHold, ActionDelete:
		return a, nil
	}
	return ActionHold, fmt.Errorf("action %q: use hold or delete", s)
}

// ActionFor returns what becomes of a message that was rejected for that reason.
func (p Policy) ActionFor(reason fault.Reason) Action {
	if p.Rejects[reason] == ActionDelete {
		return ActionDelete
	}
	return ActionHold
}
