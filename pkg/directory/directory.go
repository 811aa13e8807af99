// Package directory is what mailchute asks a directory of people, like Active Directory or
// an LDAP server: who has an address or a login, and which groups someone is in. Users and
// groups of the catalog are kept elsewhere; the two work side by side.
package directory

import (
	"context"
	"errors"

	"mailchute/pkg/address"
)

// ErrAmbiguous says that several people or groups fit what was asked for: none of them may
// be taken. Ask with errors.Is.
var ErrAmbiguous = errors.New("ambiguous")

// LoginPrefix stands before a person's login where logins of the catalog may stand, too:
// a user of the catalog has no colon in the login.
const LoginPrefix = "ldap:"

// The bounds of GroupsOf: someone in more groups, or in groups nested deeper, cannot be
// judged, and that is an error.
const (
	MaxLevels = 20
	MaxGroups = 5000
)

// Person is a user account that is not disabled. Only the ID identifies it: not every
// directory sees to it that a login is there once.
type Person struct {
	ID        string   // a UUID in lower case, which stays when the person is renamed
	Login     string   // uid or sAMAccountName, as the directory writes it; never empty
	Name      string   // for people to read
	Addresses []string // as the directory writes them, without "smtp:"; the first is the main one
}

// Group is a security or distribution group.
type Group struct {
	ID   string // a UUID in lower case, which stays when the group is renamed
	Name string // for people to read; only the ID identifies the group
}

// People answers questions about people and groups. Only two errors are answers:
// fault.ErrNotFound and ErrAmbiguous. Every other error says that nobody knows, so it may
// neither allow nor deny anything; it is transient (fault.Transient). Implementations are
// safe for concurrent use, and may give an answer that was true a short time ago: their
// makers say how long.
type People interface {
	// ByAddress returns the user who has a mail address: ErrAmbiguous where several have
	// it. Addresses are the same where address.Proves says so: what only looks like
	// somebody's address is nobody's. A user principal name counts as an address. Contacts,
	// groups and disabled accounts are nobody.
	ByAddress(ctx context.Context, a address.Address) (Person, error)
	// ByLogin returns the user with a login, in any case of ASCII letters. Where the
	// directory has user principal names (ALICE@CORP.EXAMPLE), they are logins, too.
	ByLogin(ctx context.Context, login string) (Person, error)
	// GroupsOf returns all groups that a person is in, directly and through other groups,
	// in the order of their IDs and each once: all of them or an error. fault.ErrNotFound
	// says that the person has gone.
	GroupsOf(ctx context.Context, p Person) ([]Group, error)
	// Group returns the group of that ID, distinguished name or name: ErrAmbiguous where
	// several have the name.
	Group(ctx context.Context, name string) (Group, error)
}
