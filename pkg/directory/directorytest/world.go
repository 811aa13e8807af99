// Package directorytest holds the tests that every directory.People and every
// directory.Publisher must pass, both in memory for the tests of those who ask them, and the
// servers that tests start.
package directorytest

// World is what a directory holds. Names are those of entries: each is there once.
type World struct {
	Users    []User
	Contacts []Contact
	Groups   []Group
	Plain    bool // the schema has none of Exchange's attributes
}

// User is an account. Empty fields are attributes that it does not have.
type User struct {
	Name     string   // of the entry, and the one shown
	Login    string   // uid or sAMAccountName
	UPN      string   // userPrincipalName
	Mail     string   // the main address
	Proxies  []string // proxyAddresses, with their "smtp:" or "SMTP:"
	Disabled bool
}

// Contact is somebody elsewhere, who can get mail and has no account.
type Contact struct {
	Name string
	Mail string
}

// Group is a group of users, contacts and groups.
type Group struct {
	Name         string
	Mail         string
	Distribution bool     // it cannot be given rights in Windows
	Members      []string // names of entries
}
