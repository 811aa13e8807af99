package directory

import "time"

// RequestKind is what a request asks for: those of SharePoint's four approvals.
type RequestKind string

// The kinds of requests.
const (
	RequestCreate RequestKind = "create"
	RequestRename RequestKind = "rename" // another e-mail address; may change properties, too
	RequestModify RequestKind = "modify" // title, description, manager
	RequestDelete RequestKind = "delete"
)

// RequestState is where a request stands.
type RequestState string

// The states of a request. Pending and Approved are open: a distribution group has one open
// request at most.
const (
	Pending   RequestState = "pending"   // waits for somebody to decide
	Approved  RequestState = "approved"  // the directory has still to follow
	Applied   RequestState = "applied"   // the directory has it
	Rejected  RequestState = "rejected"  // somebody decided against it
	Failed    RequestState = "failed"    // the directory cannot take it; approving it again tries once more
	Cancelled RequestState = "cancelled" // withdrawn, superseded or expired
)

// Open reports whether a request in that state is open.
func (s RequestState) Open() bool { return s == Pending || s == Approved }

// Properties are what a distribution group shows in a directory.
type Properties struct {
	LocalPart   string `json:"local_part"` // of its address, as it was written; "": there is no group
	Title       string `json:"title"`
	Description string `json:"description"`
	Manager     string `json:"manager"` // "user:LOGIN" or an address; "": nobody
	RequireAuth bool   `json:"require_auth"`
}

// Request asks for a change of a distribution group in the directory.
type Request struct {
	ID            int64
	Distribution  string // the Key of the group's Object
	Name          string // whose it is, for people: "group team", "group announce of another farm"
	Kind          RequestKind
	Before        Properties // as approved when it was asked for
	Want          Properties
	State         RequestState
	Revision      int    // 1, 2 …: how often it was edited while it waited, plus 1
	Requester     string // the operating system's user, or the client of the SOAP service
	RequesterMail string // "" is not known
	Justification string
	Asked         time.Time // when this revision was asked for
	Decided       time.Time // zero: by nobody yet
	Decider       string    // who approved, rejected, withdrew; "policy" where no approval was needed
	Comment       string    // the decider's
	Ended         time.Time // when it was applied, failed, rejected or cancelled; zero while it is open
	Reminded      time.Time // when it was last said that it waits; zero: not yet
	Trouble       string    // why it is not applied yet, or failed
	FailedAs      Status    // what a SOAP client is told of a failed one; else zero
}

// Event is a transition of a request, for the record.
type Event struct {
	Request  int64
	At       time.Time
	Actor    string
	From, To RequestState // From "": it was asked for; the same as To: it was edited, or a reminder
	Revision int
	Text     string // the comment, the justification, what went wrong
}

// Policy is the farm's policy for distribution groups and contacts.
type Policy struct {
	Groups      bool                 // whether sites may have distribution groups at all
	Approve     map[RequestKind]bool // what needs an approval
	FourEyes    bool                 // nobody approves their own request
	Expire      time.Duration        // a pending request expires after that; 0: never
	Remind      time.Duration        // how often a pending request is reminded of; 0: never
	RenameGrace time.Duration        // how long the old address of a renamed group still works
	AliasKeep   time.Duration        // how long a local part that was given up stays reserved
	AliasPrefix string               // before each alias in the directory
	Domain      string               // that addresses are shown with; "": the farm's first
	RequireAuth bool                 // contacts and groups take mail of authenticated senders only
	Hidden      bool                 // contacts are left out of address lists
}
