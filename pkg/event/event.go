// Package event has the events that administrators and their tools read: the ids, the
// field names and the run summary, in SharePoint's numbering.
package event

import "time"

// The event ids. 6871 to 6873 are SharePoint's.
const (
	RunSummary   = 6871 // a run ended (information)
	FileFailed   = 6872 // a file cannot be read, or has no usable envelope (error)
	NotFiled     = 6873 // a message was not filed for a recipient (warning)
	TaskEMail    = "E-Mail"
	MaxListed    = 100 // entries of each list in a summary; the rest is counted in More
	LevelInfo    = "info"
	JobIncoming  = "incoming"
	JobSweep     = "sweep"
	JobDirectory = "dms"
)

// Summary is event 6871: what one run did. Its JSON is a contract (COMMANDS.md).
//
// Processed = Filed + Duplicate + Held + Deleted + Deferred, always; Errors = Held +
// Deleted + Deferred.
type Summary struct {
	EventID          int       `json:"event_id"`
	TaskCategory     string    `json:"task_category"`
	Level            string    `json:"level"`
	Run              string    `json:"run"`
	Job              string    `json:"job"`
	Trigger          string    `json:"trigger"` // schedule, arrival, start, manual
	State            string    `json:"state"`   // open, closed or aborted
	Host             string    `json:"host"`
	Started          time.Time `json:"started"`
	ElapsedMS        float64   `json:"elapsed_ms"`
	Processed        int       `json:"processed"`
	Filed            int       `json:"filed"`
	Duplicate        int       `json:"duplicate"`
	Held             int       `json:"held"`
	Deleted          int       `json:"deleted"`
	Deferred         int       `json:"deferred"`
	Errors           int       `json:"errors"`
	Documents        int       `json:"documents"`
	Bytes            int64     `json:"bytes"`
	Skipped          int       `json:"skipped,omitempty"` // inline pictures, signatures and invitations that no library wanted
	MessageIDs       []string  `json:"message_ids"`
	Failed           []Failure `json:"failed"`
	UnknownAddresses []string  `json:"unknown_addresses"`
	// Backlog counts the files that still waited at the end; at least so many where the
	// process had to stop.
	Backlog int `json:"backlog"`
	// BacklogOldest is when the oldest of them was modified, by a look at some thousands;
	// zero where nothing waited.
	BacklogOldest time.Time      `json:"backlog_oldest,omitzero"`
	More          map[string]int `json:"more,omitempty"` // by list: entries beyond MaxListed
	Message       string         `json:"message"`
	// Digest is that of the run's record, which binds the records of all runs before it;
	// Previous is that of the one before. Both are empty while a run is open.
	Digest   string `json:"digest,omitempty"`
	Previous string `json:"previous,omitempty"` // empty for the first run, too
	// Sweep is what a run of the job sweep did; nil for other jobs.
	*Sweep
	// Directory is what a run of the job dms did; nil for other jobs.
	*Directory
}

// Sweep are the fields of event 6871 that a run of the job sweep adds.
type Sweep struct {
	Expiring     int   `json:"expiring"` // held messages that will expire within seven days
	Expired      int   `json:"expired"`
	Versions     int   `json:"versions_swept"` // of documents, whose bytes were let go
	Runs         int   `json:"runs_removed"`
	Doomed       int   `json:"blobs_doomed"` // marked, for a later sweep to remove
	Removed      int   `json:"blobs_removed"`
	RemovedBytes int64 `json:"bytes_removed"`
}

// Directory are the fields of event 6871 that a run of the job dms adds.
type Directory struct {
	Objects  int `json:"objects"` // that the catalog wants in the directory
	Created  int `json:"created"`
	Renamed  int `json:"renamed"`
	Modified int `json:"modified"`
	Members  int `json:"members_changed"` // members of groups that came or went
	Deleted  int `json:"removed"`
	Reported int `json:"reported"`      // conflicts, drift and the like that a person should look at
	Failed   int `json:"writes_failed"` // of the directory
	Pending  int `json:"pending"`       // requests that wait for an approval
}

// Failure is one recipient for whom a message was not filed.
type Failure struct {
	MessageID string `json:"message_id"`
	File      string `json:"file"`
	Recipient string `json:"recipient"`
	State     string `json:"state"` // held, deleted or deferred
	Reason    string `json:"reason"`
	Detail    string `json:"detail,omitempty"`
	Sender    string `json:"sender,omitempty"` // of the envelope; "" also where it is not known
}
