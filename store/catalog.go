package store

import (
	"context"
	"iter"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// Catalog is the driver that keeps rows. It knows no rule beyond those of its tables:
// uniqueness and references. storetest.TestCatalog holds every maker to this contract.
//
// Rows that are asked for and absent, or that a new row refers to: fault.ErrNotFound. A
// unique value that is taken: fault.ErrConflict; the transaction can go on without it.
// Everything else is the database's own error, transient. Names sort by their bytes,
// times are kept to the microsecond.
type Catalog interface {
	// View runs f on one consistent snapshot. f must not change anything.
	View(ctx context.Context, f func(Tx) error) error
	// Update runs f in a transaction: when f returns nil and Update returns nil, all of
	// it is durable; otherwise none of it happened. Updates are serialised, those of
	// other processes included. f may run more than once, so it has no other effects; it
	// does not call Update.
	Update(ctx context.Context, f func(Tx) error) error
	// CheckIntegrity asks the database what is wrong with its own files and columns, as far
	// as no Tx shows it: damaged tables and indexes, references to rows that are not there,
	// columns that contradict each other. It returns a sentence for each fault, a hundred of
	// a kind at most, and tells progress how many of about total rows it has been through.
	// Updates may be committed meanwhile.
	CheckIntegrity(ctx context.Context, progress func(done, total int64)) (faults []string, err error)
	Close() error
}

// Tx is a transaction. It is for one goroutine, and ends with the function it was given
// to. While a sequence is being read, no other method may be called. After an error it
// can only be undone, by leaving f or the Savepoint with it; except where a row was read
// and not found, or a value was taken.
type Tx interface {
	// Savepoint runs f; where f fails, what f changed is undone and the rest stays.
	Savepoint(f func() error) error
	LibraryRows
	PeopleRows
	SettingRows
	ItemRows
	DocumentRows
	BlobRows
	RunRows
	HeldRows
	SweepRows
	SenderRows
	DirectoryRows
	EntryRows
}

// LibraryRows are sites, libraries and the local parts of the farm.
type LibraryRows interface {
	Sites() ([]library.Site, error) // by name
	InsertSite(s library.Site) error
	UpdateSite(s library.Site) error
	Libraries() ([]library.Library, error) // by name, archived ones included
	Library(name string) (library.Library, error)
	InsertLibrary(l library.Library) error // fault.ErrNotFound: no such site
	UpdateLibrary(l library.Library) error
	DeleteLibrary(name string) error // its grants and local part go too; ErrConflict while documents refer to it
	// OwnerOf returns who has a local part, by its folded form.
	OwnerOf(localKey string) (Owner, error)
	// ClaimLocalPart gives a local part that is nobody's to an owner, who must exist unless
	// the owner is a Was.
	ClaimLocalPart(localKey string, o Owner) error
	ReleaseLocalPart(localKey string) error // nil where it is nobody's
	// LocalParts returns those of distribution groups, of contacts, and those that are
	// reserved for somebody, by key: all but those of libraries.
	LocalParts() ([]LocalPart, error)
	LocalPartsOf(distribution string) ([]LocalPart, error) // by key
}

// PeopleRows are users, groups and grants.
type PeopleRows interface {
	Users() ([]access.User, error) // by login
	User(login string) (access.User, error)
	// InsertUser stores a user whose folded addresses are keys, in the order of
	// u.Addresses. Logins and addresses are unique.
	InsertUser(u access.User, keys []string) error
	UpdateUser(u access.User, keys []string) error // everything but the login
	UserAt(addressKey string) (login string, err error)
	Groups() ([]access.Group, error) // by name
	Group(name string) (access.Group, error)
	InsertGroup(g access.Group) error
	UpdateGroup(g access.Group) error // everything but the name
	// DeleteGroup deletes a group with its grants, and takes it out of the groups that it is a
	// member of. ErrConflict while a distribution group is its.
	DeleteGroup(name string) error
	// GroupsOf returns the groups that have any of these as a direct member, by name.
	GroupsOf(members []access.Principal) ([]string, error)
	// Grants returns those of the given scopes; all, where none is given.
	Grants(scopes ...access.Scope) ([]access.Grant, error)
	PutGrant(g access.Grant) error // replaces the principal's level in the scope
	DeleteGrant(s access.Scope, p access.Principal) error
}

// SettingRows are the farm policy as text, and the record of changes.
type SettingRows interface {
	Settings() (map[string]string, error) // only those that were set
	PutSetting(key, value string) error
	InsertChange(c Change) error
	Changes(limit int) ([]Change, error) // newest first
	// LastChange returns the number of the newest change, greater than those of all before;
	// 0 where there is none.
	LastChange() (int64, error)
}

// ItemRows are items, their outcomes and held mail.
type ItemRows interface {
	// PutItem reports whether the Key is new; the first row of a Key stays.
	PutItem(it Item) (isNew bool, err error)
	Item(k Key) (Item, error)
	// ItemsAt returns those with this Message-ID or drop file name, by key. It may read
	// every item.
	ItemsAt(messageIDOrFile string) ([]Item, error)
	// ItemsSent returns at most limit (0: all) of those with this Message-ID, in no order;
	// none where it is empty.
	ItemsSent(messageID string, limit int) ([]Item, error)
	// Keys returns those beyond after that an item, outcome or document has, in order: at
	// most limit (0: all).
	Keys(after Key, limit int) ([]Key, error)
	Outcomes(k Key) ([]Outcome, error) // by recipient key
	InsertOutcome(o Outcome) error     // ErrConflict: (Key, RecipientKey) has one
	// OutcomesOfRun returns those of a run that are not filed, in the order they were
	// written, each with its item.
	OutcomesOfRun(run string) iter.Seq2[OutcomeOfItem, error]
	// SettledIn yields the outcomes of a run, filed or not, of the messages that it has
	// processed, by key and recipient key, each with its item.
	SettledIn(run string) iter.Seq2[OutcomeOfItem, error]
	InsertHeld(h HeldMail) (id int64, err error) // of an outcome that is in the same transaction
	Held(states ...HeldState) iter.Seq2[HeldMail, error]
	HeldByID(id int64) (HeldMail, error)
	HeldOf(k Key) ([]HeldMail, error) // by recipient key
	// HeldBytes returns the size of the drop files that mail in HeldWaiting refers to, each
	// counted once. It costs the same however many there are.
	HeldBytes() (int64, error)
	// MendHeldBytes computes anew what HeldBytes returns, from the rows.
	MendHeldBytes() error
	// HeldBlobs yields the digests that held mail in any state refers to, unless it was
	// swept, some of them more than once.
	HeldBlobs() iter.Seq2[message.Digest, error]
}

// OutcomeOfItem is an outcome with the item it belongs to.
type OutcomeOfItem struct {
	Item    Item
	Outcome Outcome
}

// DocumentRows are documents and what the tree must still show.
type DocumentRows interface {
	// CurrentDocument returns the highest version under these folded names.
	CurrentDocument(libraryName, folderKey, nameKey string) (Document, error)
	// CurrentVersion returns its number; 0 where there is no document.
	CurrentVersion(libraryName, folderKey, nameKey string) (int, error)
	// NameInRoot returns the same for a name of the root, and whether a folder has that name.
	NameInRoot(libraryName, nameKey string) (version int, folder bool, err error)
	InsertDocument(d Document) error // ErrConflict: the version exists
	// Documents yields the current versions of a library, by folder and name ("" is
	// every library's, by library first), except those that say Removed.
	Documents(libraryName string) iter.Seq2[Document, error]
	// RemovedDocuments yields in the same order the current versions that say Removed.
	RemovedDocuments(libraryName string) iter.Seq2[Document, error]
	Versions(libraryName, folderKey, nameKey string) ([]Document, error) // oldest first
	// DocumentsOf returns every version that came from an item, by library, folded folder
	// and name, and version.
	DocumentsOf(k Key) ([]Document, error)
	// StrayDocuments yields every version that came from no item, in no order.
	StrayDocuments() iter.Seq2[Document, error]
	// FolderName returns the spelling that a folder's documents have, by its folded name.
	FolderName(libraryName, folderKey string) (string, error)
	// NextNumber returns 2 on the first call for a folder and folded name, then 3 …:
	// the next number to try for "name (2).ext".
	NextNumber(libraryName, folderKey, nameKey string) (int, error)
	PutPublication(p Publication) error // replaces the process's own of the same document, at the end
	// Publications returns those of all processes, PublicationsOf the first limit of one
	// (0: all), in the order they were put.
	Publications() ([]Publication, error)
	PublicationsOf(process string, limit int) ([]Publication, error)
	Publishers() ([]string, error) // the processes that have any, sorted
	// TakePublications gives the rows of one process to another. Where both have one of
	// the same document, from's stays.
	TakePublications(from, to string) error
	// DeletePublication removes the process's row if it is of p's Version or an older one, and
	// the document has no newer one, and reports that.
	DeletePublication(p Publication) (removed bool, err error)
	// PutHeader keeps the whole header of an item for a library; the first of the two stays.
	PutHeader(libraryName string, k Key, header string) error
	Header(libraryName string, k Key) (string, error) // "" where none is kept
	// SurplusVersions yields the versions of a library's documents that are not swept and
	// have at least keep newer ones with bytes, by folder and name, the oldest first.
	SurplusVersions(libraryName string, keep int) iter.Seq2[Document, error]
	// RemovedVersions yields the versions that are not swept and of which the first newer
	// one that says Removed is of a time or before, by library, folder and name, the oldest
	// first.
	RemovedVersions(by time.Time) iter.Seq2[Document, error]
	// DropVersion marks a version as swept: it refers to its blob no longer.
	// fault.ErrStale: it does not refer to one; the transaction can go on.
	DropVersion(libraryName, folderKey, nameKey string, version int) error
	// DocumentBlobs yields the digests that document versions refer to, unless they were
	// swept, some of them more than once.
	DocumentBlobs() iter.Seq2[message.Digest, error]
}

// BlobRows are the blobs that the catalog answers for.
type BlobRows interface {
	BlobState(d message.Digest) (BlobState, error) // BlobUnknown without error where absent
	PutBlob(d message.Digest, size int64) error    // live, whatever it was
	Blobs() iter.Seq2[BlobRow, error]
	// Unreferenced yields, by digest, the live blobs that no document version and no held
	// mail refers to.
	Unreferenced() iter.Seq2[BlobRow, error]
	// DoomBlob marks a blob, whatever it was, also where it had no row. fault.ErrConflict:
	// a document version or held mail refers to it.
	DoomBlob(d message.Digest, size int64, at time.Time) error
	// Doomed yields, by digest, the blobs that were marked at or before a time.
	Doomed(by time.Time) iter.Seq2[BlobRow, error]
	// DeleteBlob deletes the row of a blob that was marked at or before a time.
	// fault.ErrStale: there is none such any more, or it is referred to; the transaction
	// can go on.
	DeleteBlob(d message.Digest, by time.Time) error
}

// RunRows are the books.
type RunRows interface {
	InsertRun(r Run) error
	// UpdateRun changes the state and what closing adds. ErrConflict: another run has the
	// Place.
	UpdateRun(r Run) error
	Run(id string) (Run, error)
	// Runs returns the newest first: those started at or after since, at most limit (0: all).
	Runs(since time.Time, limit int) ([]Run, error)
	OpenRuns() ([]Run, error)
	LastClosed() (Run, error) // the one with the greatest Place
	// ClosedRuns returns those with a Place beyond after, in that order: at most limit
	// (0: all).
	ClosedRuns(after, limit int) ([]Run, error)
	// DeleteRuns deletes the runs up to a Place, with their messages and sweeps.
	DeleteRuns(place int) error
	InsertProcessed(p Processed) error
	// ProcessedOf yields a run's messages in order.
	ProcessedOf(run string) iter.Seq2[Processed, error]
	// ProcessedAt yields those with this Message-ID or drop file name, oldest first.
	ProcessedAt(messageIDOrFile string) iter.Seq2[Processed, error]
}

// HeldRows are what becomes of held mail.
type HeldRows interface {
	// AnnounceHeld notes when it was first said that waiting mail will expire; mail that
	// waits no more stays as it is.
	AnnounceHeld(id int64, at time.Time) error
	// EndHeld takes held mail from HeldWaiting to another state; its end is in no run's
	// books. fault.ErrStale: it waits no more, and the transaction can go on.
	EndHeld(id int64, to HeldState, end HeldEnd) error
	// EndedIn yields held mail that waits no more, by number: that whose end a run has in
	// its books, or with "" that whose end no run has.
	EndedIn(run string) iter.Seq2[HeldMail, error]
	// BindEnd puts the end of held mail into a run's books. fault.ErrNotFound: there is none
	// with this number that has ended.
	BindEnd(id int64, run string, seal message.Digest) error
	// DropHeldBlobs marks the mail as swept that was held at or before a time and waits no
	// more: it refers to its blob no longer.
	DropHeldBlobs(since time.Time) error
}

// SweepRows are what the runs of the job sweep did.
type SweepRows interface {
	PutSweep(sw Sweep) error // replaces that of the run; fault.ErrNotFound: no such run
	Sweep(run string) (Sweep, error)
}

// SenderRows are how many messages of a sender were taken in an hour, which is told by the
// time at which it begins.
type SenderRows interface {
	CountSent(sender string, hour time.Time) error
	SentIn(sender string, hour time.Time) (int, error) // 0 where none was counted
	// DeleteSent forgets hours that began before a time: of so many senders and hours at
	// most (0: all), and says of how many.
	DeleteSent(before time.Time, limit int) (int, error)
}
