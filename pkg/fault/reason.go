package fault

// Reason is the stable code of why a message was not filed for a recipient. Scripts
// and policies (rejects by reason) rely on the spelling; the text beside it may change.
type Reason string

// The reasons of COMMANDS.md.
const (
	NoEnvelope       Reason = "no-envelope"       // the file has no usable envelope of the MTA's own
	ForeignDomain    Reason = "foreign-domain"    // the recipient's domain is not ours
	UnknownAddress   Reason = "unknown-address"   // no library has this local part
	LibraryClosed    Reason = "library-closed"    // the library exists but takes no mail
	NoPermission     Reason = "no-permission"     // the sender may not contribute
	NotAuthenticated Reason = "not-authenticated" // we are not sure enough of the sender
	AmbiguousSender  Reason = "ambiguous-sender"  // the address is not one person's
	TooLarge         Reason = "too-large"         // an attachment is over the library's limit
	BlockedType      Reason = "blocked-type"      // an attachment's type is not allowed
	OverLimits       Reason = "over-limits"       // the message breaks a limit of the parser
	GroupAddress     Reason = "group-address"     // the local part is a distribution group's
	TooManyAttempts  Reason = "too-many-attempts" // deferred for longer than defer_for
	Poisoned         Reason = "poison"            // handling it panicked or killed the process
	Loop             Reason = "loop"              // the message has been here before
	FarmClosed       Reason = "farm-closed"       // incoming mail is switched off
	SenderBlocked    Reason = "sender-blocked"    // the farm's lists keep the sender out
	RateLimited      Reason = "rate-limited"      // the sender has sent more than the farm takes in an hour
	UnsafeHost       Reason = "unsafe-host"       // the host that handed it in is none of the farm's safe ones
	AutoReply        Reason = "auto-reply"        // an automatic answer or a delivery report
	PartialMessage   Reason = "partial-message"   // a fragment of a larger message (RFC 2046 §5.2.2)
)

// Deletion says how policy may have mail deleted that has this reason.
type Deletion int

// The values of Deletion.
const (
	Never  Deletion = iota // the failure may be ours: such mail is always held
	Named                  // only where the policy names the reason: who sent it to whom may not be known
	Always                 // somebody decided that the mail is not wanted
)

// Deletion returns how policy may have mail of this reason deleted.
func (r Reason) Deletion() Deletion {
	switch {
	case r == Poisoned, r == TooManyAttempts:
		return Never
	case r == NoEnvelope, r == OverLimits, r == FarmClosed:
		return Named
	}
	return Always
}

// Reasons returns all reasons, in the order in which COMMANDS.md lists them.
func Reasons() []Reason {
	return []Reason{
		NoEnvelope, ForeignDomain, UnknownAddress, LibraryClosed, NoPermission, NotAuthenticated, AmbiguousSender,
		TooLarge, BlockedType, OverLimits, GroupAddress, TooManyAttempts, Poisoned, Loop, FarmClosed, PartialMessage,
		SenderBlocked, RateLimited, UnsafeHost, AutoReply,
	}
}
