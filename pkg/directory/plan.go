package directory

import "time"

// ObjectState is where an object of ours stands.
type ObjectState string

// The states of an object.
const (
	ObjectNew      ObjectState = ""         // it was never in the directory
	ObjectActive   ObjectState = "active"   // it is as was last applied
	ObjectConflict ObjectState = "conflict" // somebody else has its name or an address; a person decides
	ObjectForeign  ObjectState = "foreign"  // it is in the directory and not ours any more
	ObjectFailed   ObjectState = "failed"   // the directory cannot take it as it is
)

// Known is what we know of an object in a directory: what was last written, and what went
// wrong since.
type Known struct {
	Key     string
	Kind    Kind
	Of      string // as Object.Of
	Backend string // whose ID it is
	ID      string // "": it was never there
	Where   string
	Alias   string
	Applied Attributes // what was last written (A)
	Members string     // MembersDigest of what was last synced
	Missing []string   // names of members whom the directory does not have
	State   ObjectState
	Trouble string    // why it is not as it should be; "" is well
	Tries   int       // that failed in a row
	Next    time.Time // not tried before
	At      time.Time // of the last write
}

// Wanted is an object that the catalog wants in the directory (D).
type Wanted struct {
	Object Object
	Frozen bool  // its group is gone, and its deletion waits for approval: nothing is changed
	Known  Known // zero: it was never there
}

// Action is what a Step does.
type Action string

// The actions. Those from Conflict on change nothing: they are reported.
const (
	ActCreate   Action = "create"
	ActRename   Action = "rename"
	ActModify   Action = "modify"
	ActMembers  Action = "members"
	ActDelete   Action = "delete"
	ActForget   Action = "forget" // it is gone already: only our record of it goes
	ActConflict Action = "conflict"
	ActForeign  Action = "foreign"
	ActMoved    Action = "moved"   // somebody moved it out of the container
	ActUnknown  Action = "unknown" // our marker, but the catalog does not know it
	ActCopy     Action = "copy"    // our marker on an object that is not the one we made
	ActDrift    Action = "drift"   // somebody changed it, and drift is only reported
	ActWait     Action = "wait"    // it failed, or what is in its way did, and is not tried again yet
	ActInvalid  Action = "invalid" // its alias is none that a directory could have: see CheckAlias
)

// Step is one change, or one report, of a plan.
type Step struct {
	Action Action
	Object Object // as it is wanted, in a rename with the alias that it gets; for those not wanted, with Key, Kind, Of and Alias
	Known  Known
	Actual Actual // as it was found, before any step; zero where there is none
	// Attributes are what a create or modify makes of it: Known.Applied, once it is done.
	Attributes Attributes
	Changes    []Change // of attributes; of a rename, of cn
	Add        []Ref
	Remove     []Ref
	Why        string // for people
}
