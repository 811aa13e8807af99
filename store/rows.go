package store

import (
	"crypto/sha256"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Key identifies a message for ever: copies, crashes and an MTA's second try have the
// same one (DESIGN §2).
type Key = message.Digest

// KeySize is the length of a Key in bytes.
const KeySize = sha256.Size

// State is what became of a message, or of one recipient of it.
type State string

// The states. A recipient's outcome is Filed, Held or Deleted and final; Duplicate and
// Deferred are states of a message in one run.
const (
	Filed     State = "filed"
	Held      State = "held"
	Deleted   State = "deleted"
	Deferred  State = "deferred"
	Duplicate State = "duplicate"
)

// Item is a message as it was first seen, one row for each Key.
type Item struct {
	Key       Key
	Feed      string
	Format    string
	File      string // name of the drop file
	MessageID string
	Sender    string // envelope sender; "" is the null sender
	Rung      access.Rung
	Evidence  string
	Login     string // the user that the sender is; "" is nobody
	Size      int64  // of the drop file
	// Mark is a checksum of the message's beginning and end: with feed, file and size it
	// tells the drop file again that an item was read from. It proves nothing.
	Mark int64
}

// Outcome is what became of an item for one recipient: unique by (Key, RecipientKey), final.
type Outcome struct {
	Key          Key
	Recipient    string // as the envelope has it; "" where there is no envelope
	RecipientKey string // address.Key
	State        State
	Library      string // "" where no library was found
	Reason       fault.Reason
	Detail       string
	Run          string
	At           time.Time
	Documents    int
	Bytes        int64
	Skipped      int // parts that the library did not want
	// Seal is the digest of what the outcome stands on: SealDocuments of what was filed, and
	// of the header that is kept with it; the drop file that is held; zero where there is
	// neither.
	Seal message.Digest
}

// HeldState is where held mail stands.
type HeldState string

// Held mail goes from HeldWaiting to one of the others, once.
const (
	HeldWaiting  HeldState = "held"
	HeldReleased HeldState = "released"
	HeldRefused  HeldState = "refused"
	HeldExpired  HeldState = "expired"
)

// HeldMail is a message held for one recipient, with the whole drop file as a blob.
type HeldMail struct {
	ID        int64 // given by InsertHeld
	Item      Item
	Outcome   Outcome
	State     HeldState
	Since     time.Time
	Blob      message.Digest // the drop file, byte for byte
	Swept     bool           // the drop file is not kept any more
	Announced time.Time      // when a sweep first said that it will expire; zero: not yet
	End       HeldEnd        // zero while it waits
}

// HeldEnd says how held mail left HeldWaiting.
type HeldEnd struct {
	At      time.Time
	Actor   string // the operating system's user, or the job
	Library string // released to; "" otherwise
	Author  string // of the documents that it was released as; "" otherwise

	Run  string         // the first closed since, which has the end in its books; "": none yet
	Seal message.Digest // of what it was released as, as in Outcome, when that Run was closed
}

// Columns are the e-mail columns of a document (SharePoint's EmailSender … EmailSubject).
// They hold strangers' text.
type Columns struct {
	MessageID string
	Sender    string // envelope sender
	From      string
	To        string
	Cc        string
	Subject   string
	Date      string

	InReplyTo  string
	References string
}

// Document is one version of a named file in a folder of a library, or the word that it
// was removed.
type Document struct {
	Library      string
	Folder       string // "" is the root
	FolderKey    string // library.Fold of Folder
	Name         string
	NameKey      string // library.Fold of Name
	Version      int    // 1, 2 …; the highest is the current one
	Content      message.Content
	ContentType  string
	Author       string // login or access.SystemAccount
	Rung         access.Rung
	Evidence     string
	Created      time.Time
	OriginalName string
	Part         string // "" is the original message
	Columns      Columns
	Key          Key    // the item it came from
	RecipientKey string // and the recipient it was filed for
	Swept        bool   // the bytes are not kept any more; false for a new row
	// Removed: the document was removed, at Created and by Author, the operating system's
	// user. Such a version has neither bytes nor a message.
	Removed bool
}

// Path returns the document's path below its library: folder/name.
func (d Document) Path() string {
	if d.Folder == "" {
		return d.Name
	}
	return d.Folder + "/" + d.Name
}

// Publication says that the tree must show, or stop showing, the current version of a
// document, and that a process may be about to: it alone removes the row, or whoever finds
// it dead. One row for each (Process, Library, Folder, Name).
type Publication struct {
	Library, Folder, Name string
	FolderKey, NameKey    string
	Version               int    // current when the row was written
	Process               string // as in Run
}

// BlobState says what the catalog knows of a blob.
type BlobState int

// A blob without a row is not known to be durable.
const (
	BlobUnknown BlobState = iota
	BlobLive
	BlobDoomed // marked by the sweep; may be gone at any time
)

// BlobRow is the catalog's row of a blob.
type BlobRow struct {
	Digest message.Digest
	Size   int64
	State  BlobState
	Doomed time.Time // when it was marked; zero while it is live
}

// RunState is where a run stands.
type RunState string

// The states of a run; Aborted: its process died, another one closed it.
const (
	RunOpen    RunState = "open"
	RunClosed  RunState = "closed"
	RunAborted RunState = "aborted"
)

// Run is one pass of a job. What closing it adds is zero while it is open.
type Run struct {
	ID      string
	Job     string
	Trigger string
	Host    string
	Process string // name of the process's lock; see Store.CloseDead
	Started time.Time
	State   RunState

	Ended    time.Time
	Backlog  Backlog
	Counts   Counts
	Place    int            // 1, 2 … in the order of closing
	Rows     message.Digest // over its messages, their outcomes, and what it swept
	Previous message.Digest // the Digest of the run closed before; zero for the first
	Digest   message.Digest // what Run.Sum says
	// Swept is the greatest Place whose record this run has deleted; it may be set
	// before the end.
	Swept int
}

// Backlog is what still waited in the drop folders when a run ended, as far as it was
// counted.
type Backlog struct {
	Files  int
	Oldest time.Time // the earliest modification that was found; zero where nothing waits
}

// Counts are a run's messages by their state, and what they brought.
// Processed = Filed + Duplicate + Held + Deleted + Deferred.
type Counts struct {
	Processed, Filed, Duplicate, Held, Deleted, Deferred int

	Documents int
	Bytes     int64
	Skipped   int
}

// Processed is one message that a run handled; the run's counts are computed from these.
type Processed struct {
	Run       string
	Seq       int // 1, 2 … within the run; given by InsertProcessed
	At        time.Time
	Key       Key // zero where the message could not be read; that of the earlier message where it is a copy with other bytes
	Feed      string
	File      string
	MessageID string
	State     State
	Documents int
	Bytes     int64
	Skipped   int
	Waiting   []string // recipients deferred in this run
	Detail    string   // why they were deferred, and of which messages it is a copy with other bytes
}

// Sweep is what a run of the job sweep did.
type Sweep struct {
	Run          string
	Expiring     int // held messages that will expire within NoticeTime
	Expired      int
	Versions     int // of documents, above their library's limit or removed, whose bytes were let go
	Runs         int // removed, with their messages
	Doomed       int // blobs that nothing refers to, marked for a later sweep
	Removed      int // blobs
	RemovedBytes int64
}

// Change is the record of a change of the catalog: who did what, when.
type Change struct {
	At     time.Time
	Actor  string // the operating system's user
	Action string // "grant library:invoices user:alice contribute"
}

// Owner is who has a local part: exactly one of Library, Distribution, Contact and Was is
// set.
type Owner struct {
	Library      string
	Distribution string // key of a distribution group
	Contact      string // key of a contact of another farm
	Was          string // who gave it up, for people: "library invoices"
	// Until is when it becomes free; zero: not by itself. A distribution group keeps the
	// address that it had before it was renamed until then.
	Until time.Time
}
