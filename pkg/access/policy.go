package access

import (
	"fmt"
	"net/netip"

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
	// SenderBlock keeps senders out: their proved or claimed address, or the envelope's.
	// It goes before SenderAllow, which lets nobody in but those whose address it has; an
	// empty one lets in everybody.
	SenderBlock Senders `json:"sender_block,omitempty"`
	SenderAllow Senders `json:"sender_allow,omitempty"`
	// SenderRate is how many messages of one sender are taken in an hour of the UTC clock;
	// 0 is no limit.
	SenderRate int `json:"sender_rate,omitempty"`
	// MaxReceived is how many Received fields a message may have before it counts as one
	// that goes round in a loop (RFC 5321 §6.3); 0 is no limit.
	MaxReceived int `json:"max_received,omitempty"`
	// SafeHosts are the hosts that may hand mail in, where the feed's format names them
	// (exchange: X-SourceIPAddress); none: all may.
	SafeHosts []netip.Prefix `json:"safe_hosts,omitempty"`
	// Rejects says what becomes of a message that was rejected, by reason; ActionHold
	// where a reason is not in it.
	Rejects map[fault.Reason]Action `json:"rejects,omitempty"`
	// Duplicates says what makes a message with other bytes a duplicate; DuplicatesByKey
	// where empty.
	Duplicates Duplicates `json:"duplicates,omitempty"`
	// HeldMax is how many bytes of mail may be held before mail of strangers is held no
	// more; 0 is no limit.
	HeldMax int64 `json:"held_max,omitempty"`
	// HeldFull says what becomes of that mail then; HeldFullDefer where empty.
	HeldFull HeldFull `json:"held_full,omitempty"`
}

// DefaultPolicy is the policy of a new farm: open, senders count from Aligned on, what
// is rejected is held, up to 10 GB.
func DefaultPolicy() Policy {
	return Policy{
		Enabled: true, SenderTrust: Aligned, MaxReceived: 50,
		Duplicates: DuplicatesByKey, HeldMax: 10 << 30, HeldFull: HeldFullDefer,
	}
}

// Duplicates says when a message is one that was here before, although its bytes differ.
type Duplicates string

// The values of Duplicates.
const (
	DuplicatesByKey       Duplicates = "key"        // never
	DuplicatesByMessageID Duplicates = "message-id" // it has the Message-ID and the envelope sender of one that was
)

// ParseDuplicates reads key or message-id.
func ParseDuplicates(s string) (Duplicates, error) {
	switch d := Duplicates(s); d {
	case DuplicatesByKey, DuplicatesByMessageID:
		return d, nil
	}
	return DuplicatesByKey, fmt.Errorf("duplicates %q: use key or message-id", s)
}

// HeldFull is what becomes of mail of strangers while held mail takes up HeldMax.
type HeldFull string

// The values of HeldFull.
const (
	HeldFullDefer  HeldFull = "defer"  // it waits in the drop folder until there is room
	HeldFullDelete HeldFull = "delete" // it is deleted, on record
)

// ParseHeldFull reads defer or delete.
func ParseHeldFull(s string) (HeldFull, error) {
	switch h := HeldFull(s); h {
	case HeldFullDefer, HeldFullDelete:
		return h, nil
	}
	return HeldFullDefer, fmt.Errorf("held_full %q: use defer or delete", s)
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
