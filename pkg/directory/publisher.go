package directory

import (
	"context"
	"errors"
)

// The errors of a Publisher beside fault.ErrNotFound, fault.ErrConflict (a name, an account
// name or an address is taken), fault.ErrInvalid (the directory does not take the value: to
// try again is of no use) and ErrAmbiguous. An error that is none of these is transient:
// the directory is down, busy, or not to be trusted.
var (
	// ErrAccess: the directory refuses us, or what we want to do. An administrator must act.
	ErrAccess = errors.New("access denied by the directory")
	// ErrNotOwned: the object is not ours, or not any more. Nothing was changed.
	ErrNotOwned = errors.New("not an object of ours")
	// ErrUnsupported: the directory cannot do it, as it is set up.
	ErrUnsupported = errors.New("not supported by the directory")
)

// Publisher keeps the objects of one installation in a container of a directory. It changes
// and deletes nothing that it did not make: every method that changes something checks the
// Marker of the object itself, in the same request where the directory can, and says
// ErrNotOwned. Every change may be repeated: one that is done already is no error.
// directorytest.TestPublisher holds every maker to this contract.
//
// Implementations are safe for concurrent use by several processes. Writes are not put once
// more after a lost connection: the error is transient, and the caller looks first.
type Publisher interface {
	// Preflight asks whether objects can be published: the container, the schema, the
	// rights. Its Facts are for people, whatever the error says.
	Preflight(ctx context.Context) (Capabilities, error)
	// Each yields every object below the container that has a marker of the installation:
	// all of them, or an error.
	Each(ctx context.Context, yield func(Actual) error) error
	// ByID returns the object of an ID, wherever it is and whosever: fault.ErrNotFound.
	ByID(ctx context.Context, id string) (Actual, error)
	// ByAlias returns what has that name in the container, whosever: fault.ErrNotFound.
	ByAlias(ctx context.Context, alias string) (Actual, error)
	// InUse returns who else in the whole directory has one of these aliases or addresses,
	// a hundred at most; except is the ID of an object that does not count, "" is none.
	InUse(ctx context.Context, aliases, addresses []string, except string) ([]Use, error)
	// Create makes an object of o's Key, Kind and Alias with these attributes. It finds an
	// object of the same key under the same alias and returns that as it is: a create whose
	// answer was lost. fault.ErrConflict: something else has the name.
	Create(ctx context.Context, o Object, a Attributes) (Actual, error)
	// Modify changes attributes of an object of ours, all or none; Before is not compared.
	Modify(ctx context.Context, was Actual, changes []Change) (Actual, error)
	// Rename gives an object of ours another alias, and the account name that goes with it,
	// and puts it back into the container from below it. Attributes stay.
	Rename(ctx context.Context, was Actual, alias string) (Actual, error)
	// Delete deletes an object of ours that is in the container and has nothing below it;
	// one that is not there any more is no error.
	Delete(ctx context.Context, was Actual) error
	// Members returns the direct members of a group: all of them, or an error.
	Members(ctx context.Context, group Actual) ([]Ref, error)
	// ChangeMembers removes and adds members of a group of ours. What is there already, or
	// not any more, is no error. It may have done a part where it fails.
	ChangeMembers(ctx context.Context, group Actual, add, remove []Ref) error
	// Resolve finds members, each in its place: the zero Ref for those whom the directory
	// does not have, or has more than once.
	Resolve(ctx context.Context, members []Member) ([]Ref, error)
}

// Capabilities are what a directory can do.
type Capabilities struct {
	Backend string // "builtin", "ldap": IDs of one mean nothing to another
	Server  string // which of several answers, for people; "" for builtin
	// Modes are those that the schema has the attributes for.
	Modes []Mode
	Facts []Fact
}

// Fact is something that was looked at before anything is published.
type Fact struct {
	OK   bool
	Text string // for people: what is so, or what is wrong and what to do
}

// Use says who has an alias or address.
type Use struct {
	ID    string
	Where string // a distinguished name, for people
	Value string // the alias or address
}
