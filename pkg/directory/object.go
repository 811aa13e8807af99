package directory

// Kind is what an object of ours in a directory is.
type Kind string

// The kinds of objects.
const (
	KindContact Kind = "contact" // of a library, or of another farm that uses this one's directory service
	KindGroup   Kind = "group"   // a distribution group; never one that grants rights
)

// Object is a contact or distribution group as mailchute wants it in a directory.
type Object struct {
	Key         string // a UUID in lower case; ours, in the Marker
	Kind        Kind
	Of          string // whose it is, for people: "library invoices", "group team", "contact docs72"
	Alias       string // its name in the directory: see CheckAlias
	Title       string // for people, without the alias: "Finance – Invoices"
	GivenName   string // of a contact: the site's title
	Surname     string // of a contact: the library's title
	Description string
	Addresses   []string // mail addresses; the first is the main one
	Target      string   // of a contact: the address that its mail goes to
	Manager     Member   // of a group: who answers for it; zero: nobody is named
	RequireAuth bool     // only senders whom the mail system has authenticated may write
	Hidden      bool     // left out of address lists
	Members     []Member // of a group
}

// Member is somebody or something that a distribution group has as a member, as a directory
// may find it: by the ID, else by an address, else by the login.
type Member struct {
	Name      string   // for people: "user:alice", "address:bob@elsewhere.example"
	ID        string   // the directory's, of an object of ours
	Addresses []string // any of them
	Login     string   // an account name, without a domain before it
}

// Ref is an entry of a directory among the members of a group. Two with the same Key are the
// same entry, within one run; the zero Ref is none.
type Ref struct {
	Key  string
	Name string // as the directory writes it
}

// Actual is an object as it was found in a directory.
type Actual struct {
	ID         string // a UUID in lower case, which stays when the object is renamed or moved
	Where      string // its distinguished name, for people
	Kind       Kind   // "": it is something else
	Alias      string // its name (cn)
	Marker     string // as it is there; "": it has none
	InPlace    bool   // it stands directly in the container for objects of ours
	Below      bool   // it stands below the container, but not directly in it
	Attributes Attributes
}
