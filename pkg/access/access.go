// Package access decides whether a sender may add documents to a library: principals,
// permission levels, how sure we are of a sender (rungs), and Decide. All of it is
// pure; the store answers who is a member of what.
package access

import (
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
)

// Level is a permission level; each includes those before it. Adding a document needs
// Contribute.
type Level int

// The levels, as SharePoint names them.
const (
	None Level = iota
	Read
	Contribute
	Edit
	Design
	FullControl
)

// Rung says how sure we are of a sender; each is surer than those before it.
type Rung int

// The rungs of DESIGN §3.
const (
	Claimed Rung = iota // the envelope sender's word
	Aligned             // our MTA's Authentication-Results prove the From domain
	Proven              // our MTA vouches for it: the login that it wrote, or a sender whose login it checked
)

// Kind tells principals apart.
type Kind string

// The kinds of principal; Address is a bare address in a distribution group, Everyone
// anyone who is a user.
const (
	KindUser     Kind = "user"
	KindGroup    Kind = "group"
	KindAddress  Kind = "address"
	KindEveryone Kind = "everyone"
	// KindDirectoryGroup is a group of the directory of people, by its ID there.
	KindDirectoryGroup Kind = "directory-group"
)

// Principal is who a grant or a membership names: user:LOGIN, group:NAME, address:A,
// everyone, directory-group:ID.
type Principal struct {
	Kind Kind
	Name string // login, group name, address or ID; "" for everyone
}

// User is a person known to the farm.
type User struct {
	Login     string
	Name      string
	Addresses []string // as written; each belongs to one user only, compared folded
}

// Group is a named set of principals.
type Group struct {
	Name    string
	Title   string
	Site    string
	Members []Principal
}

// Scope is where a grant holds: site:NAME or library:NAME.
type Scope struct {
	Kind string // "site" or "library"
	Name string
}

// Grant gives a principal a level in a scope.
type Grant struct {
	Scope     Scope
	Principal Principal
	Level     Level
}

// Sender is what we know of who sent a message, before any library is asked.
type Sender struct {
	Address address.Address // the one address that the rung proves or claims; zero: nobody
	Rung    Rung
	// Envelope is the envelope sender, whatever was proved; zero: the null sender. The
	// farm's lists look at both.
	Envelope  address.Address
	Evidence  string // what the rung rests on, for people
	Login     string // the user that the address resolves to; "" is nobody we know
	Ambiguous bool   // the address cannot be one person's
	// Person says that Login is that of a person of the directory, and none of the
	// catalog's. Groups are all groups of the directory that the person is in.
	Person bool
	Groups []DirectoryGroup
}

// DirectoryGroup is a group of the directory of people.
type DirectoryGroup struct {
	ID   string
	Name string // for people; only the ID identifies the group
}

// SystemAccount is the author of documents whose sender is not a person to us.
const SystemAccount = "System Account"

// Decision is the answer to whether a recipient's library takes the message.
type Decision struct {
	Allow  bool
	Reason fault.Reason // why not; "" when allowed
	Detail string       // for people: what was missing and who could grant it
	Author string       // login, or SystemAccount; "" when not allowed
	// Verified: the author is a person on a rung that the library accepts.
	Verified bool
}
