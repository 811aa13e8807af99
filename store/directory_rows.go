package store

import (
	"iter"
	"time"

	"mailchute/pkg/directory"
)

// Distribution is a distribution group: what was approved of it. It stays until the
// directory has no trace of it, also when its group is gone.
type Distribution struct {
	Key   string // a UUID in lower case: that of its object in the directory
	Group string // of the catalog; "" for one of another farm, and where Orphan
	// Client is who asked for one of another farm, and alone may change it; "" for those of
	// the catalog's groups.
	Client string
	Name   string // for people: "group team", "group announce of another farm"
	// Now is what was approved; its LocalPart is "" while nothing was, and when it is to go.
	Now    directory.Properties
	Orphan bool // its group is gone, while the deletion waits for approval
	// Members are those of another farm's: "user:LOGIN", "contact:ALIAS". Those of a group of
	// the catalog are the group's.
	Members []string
}

// FarmContact is a contact of another farm, which uses our directory service.
type FarmContact struct {
	Key         string // a UUID in lower case: that of its object in the directory
	Alias       string // unique, folded
	FirstName   string
	LastName    string
	Forward     string // the address that its mail goes to
	RequireAuth bool
	Client      string // who asked for it
}

// DirectoryWrite is one change of the directory, for the record.
type DirectoryWrite struct {
	ID     int64 // given by InsertDirectoryWrite
	Run    string
	At     time.Time
	Actor  string
	Action directory.Action
	Key    string // of the object
	Of     string // as Object.Of
	Where  string
	// Changes have attributes before and after; of members, the attribute "member" with the
	// names that went and came.
	Changes []directory.Change
	Trouble string // why it was not done; "": it was
}

// DirectoryRun is what a run of the job dms did.
type DirectoryRun struct {
	Run      string
	Objects  int // that the catalog wants
	Created  int
	Renamed  int
	Modified int
	Members  int // members that came or went
	Deleted  int
	Reported int // conflicts, drift and the like that a person should look at
	Failed   int // writes
	Pending  int // requests that wait for approval
}

// LocalPart is a row of the farm's local parts.
type LocalPart struct {
	Key   string // folded
	Owner Owner
}

// Lease is which process does something that only one may do.
type Lease struct {
	Name    string
	Process string // name of the process's lock; see Store.CloseDead
	At      time.Time
}

// DirectoryRows are distribution groups, the requests to change them, and the objects that
// the directory has of ours.
type DirectoryRows interface {
	Distributions() ([]Distribution, error) // by key
	Distribution(key string) (Distribution, error)
	DistributionOf(group string) (Distribution, error) // of a group of the catalog
	// PutDistribution stores a distribution group, new or in place of the one with the key.
	// fault.ErrNotFound: no such group of the catalog; fault.ErrConflict: it has another.
	PutDistribution(d Distribution) error
	DeleteDistribution(key string) error // its local parts are released

	// InsertRequest returns the request's number. fault.ErrConflict: the distribution group
	// has an open one.
	InsertRequest(r directory.Request) (id int64, err error)
	// UpdateRequest puts r in place of was. fault.ErrStale: it is not in was.State and
	// was.Revision any more; the transaction can go on.
	UpdateRequest(was, r directory.Request) error
	Request(id int64) (directory.Request, error)
	Requests(states ...directory.RequestState) ([]directory.Request, error) // by number; all, where none is given
	RequestsOf(distribution string) ([]directory.Request, error)            // by number
	InsertRequestEvent(e directory.Event) error
	RequestEvents(request int64) ([]directory.Event, error) // oldest first

	FarmContacts() ([]FarmContact, error) // by alias
	FarmContact(alias string) (FarmContact, error)
	PutFarmContact(c FarmContact) error // new, or in place of the one with the key; ErrConflict: another has the alias
	DeleteFarmContact(key string) error // its local part is released

	KnownObjects() iter.Seq2[directory.Known, error] // by key
	KnownObject(key string) (directory.Known, error)
	KnownID(backend, id string) (key string, err error) // fault.ErrNotFound
	PutKnownObject(k directory.Known) error             // new, or in place of the one with the key
	DeleteKnownObject(key string) error
	InsertDirectoryWrite(w DirectoryWrite) error
	// DirectoryWrites yields those of an object (a Key or an Of), oldest first.
	DirectoryWrites(keyOrOf string) iter.Seq2[DirectoryWrite, error]
	DirectoryWritesIn(run string) iter.Seq2[DirectoryWrite, error]
	PutDirectoryRun(d DirectoryRun) error // replaces that of the run; fault.ErrNotFound: no such run
	DirectoryRun(run string) (DirectoryRun, error)

	Lease(name string) (Lease, error)
	PutLease(l Lease) error
}

// EntryRows are the entries of the built-in directory.
type EntryRows interface {
	Entries() iter.Seq2[Entry, error] // by ID
	Entry(id string) (Entry, error)
	EntryAt(alias string) (Entry, error)              // by its folded alias
	EntryOf(addressKey string) (id string, err error) // who has an address
	// PutEntry stores an entry whose folded addresses are keys, new or in place of the one
	// with the ID. fault.ErrConflict: another has the alias or an address.
	PutEntry(e Entry, addressKeys []string) error
	DeleteEntry(id string) error                         // fault.ErrNotFound; it leaves all groups
	EntryMembers(id string) ([]string, error)            // sorted
	AddEntryMember(id, member string) error              // one that is there is no error
	RemoveEntryMember(id, member string) error           // one that is not is no error
	EntryGroups(member string) (ids []string, err error) // that have it as a member, sorted
}

// Entry is an object in the built-in directory.
type Entry struct {
	ID         string // a UUID in lower case
	Alias      string // unique, folded
	Marker     string
	Kind       directory.Kind
	Attributes directory.Attributes
}
