package storetest

import (
	"crypto/sha256"
	"math"
	"time"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
)

// hostile is text as strangers write it, as far as every database can hold it: valid
// UTF-8 without NUL.
const hostile = "a'b\"c`d\\e;--\r\n\t\x1b[31m\u202e é e\u0301 € 𝄞 %s $1 \ufffd \x7f"

// noon is a time as catalogs keep it.
var noon = time.Date(2024, 2, 29, 12, 0, 0, 123456000, time.UTC)

func sum(text string) message.Digest { return sha256.Sum256([]byte(text)) }

func putSite(name string) change {
	return func(tx store.Tx) error { return tx.InsertSite(library.Site{Name: name, Title: "Site " + name}) }
}

func putLibrary(name string) change {
	return func(tx store.Tx) error { return tx.InsertLibrary(library.Library{Name: name, Site: "default"}) }
}

// putLibraries makes libraries in the site default.
func putLibraries(names ...string) change {
	changes := []change{putSite("default")}
	for _, name := range names {
		changes = append(changes, putLibrary(name))
	}
	return all(changes)
}

func putGroup(g access.Group) change {
	return func(tx store.Tx) error { return tx.InsertGroup(g) }
}

func putBlob(text string) change {
	return func(tx store.Tx) error { return tx.PutBlob(sum(text), int64(len(text))) }
}

// item is a message with every field filled, told apart by its name.
func item(name string) store.Item {
	return store.Item{
		Key: sum(name), Feed: "drop", Format: "eml", File: name + hostile, MessageID: "<" + name + "@example.com>",
		Sender: hostile, Rung: access.Proven, Evidence: "auth" + hostile, Login: "alice", Size: math.MaxInt64, Mark: math.MaxUint32,
	}
}

func putItem(it store.Item) change {
	return func(tx store.Tx) error { return second(tx.PutItem(it)) }
}

// outcome is what became of the item of that name for a recipient.
func outcome(name, recipient string, s store.State) store.Outcome {
	return store.Outcome{
		Key: sum(name), Recipient: recipient + hostile, RecipientKey: recipient, State: s, Library: "invoices",
		Reason: fault.NoPermission, Detail: hostile, Run: "run", At: noon,
		Documents: 3, Bytes: math.MaxInt64, Skipped: math.MaxInt32, Seal: sum("seal of " + name),
	}
}

func putOutcome(o store.Outcome) change {
	return func(tx store.Tx) error { return tx.InsertOutcome(o) }
}

// putHeldMail holds the item of that name for a recipient: the first id is 1.
func putHeldMail(name, recipient string) change {
	o := outcome(name, recipient, store.Held)
	return all([]change{putItem(item(name)), putOutcome(o), putBlob(name), func(tx store.Tx) error {
		_, err := tx.InsertHeld(heldMail(0, name, recipient))
		return err
	}})
}

func heldMail(id int64, name, recipient string) store.HeldMail {
	return store.HeldMail{
		ID: id, Item: item(name), Outcome: outcome(name, recipient, store.Held),
		State: store.HeldWaiting, Since: noon, Blob: sum(name),
	}
}

// document is a version of a file with every field filled.
func document(libraryName, folder, name string, version int) store.Document {
	return store.Document{
		Library: libraryName, Folder: folder, FolderKey: "key of " + folder, Name: name, NameKey: "key of " + name, Version: version,
		Content:     message.Content{Size: math.MaxInt64, Digest: sum(name), Damaged: hostile},
		ContentType: "text/plain" + hostile, Author: access.SystemAccount, Rung: access.Aligned, Evidence: hostile,
		Created: noon, OriginalName: hostile, Part: "2.1",
		Columns: store.Columns{
			MessageID: "<m@example.com>", Sender: hostile, From: "f" + hostile, To: "t" + hostile,
			Cc: "c" + hostile, Subject: "s" + hostile, Date: "d" + hostile,
			InReplyTo: "i" + hostile, References: "r" + hostile,
		},
		Key: sum("item"), RecipientKey: "invoices@example.com",
	}
}

// removal is a version that says that the document of the fixture was removed.
func removal(libraryName, folder, name string, version int, at time.Time) store.Document {
	return store.Document{
		Library: libraryName, Folder: folder, FolderKey: "key of " + folder, Name: name, NameKey: "key of " + name,
		Version: version, Author: hostile, Created: at, Removed: true,
	}
}

func putRemoval(d store.Document) change {
	return func(tx store.Tx) error { return tx.InsertDocument(d) }
}

func putHeader(libraryName, name, header string) change {
	return func(tx store.Tx) error { return tx.PutHeader(libraryName, sum(name), header) }
}

// putDocument stores a document and its blob.
func putDocument(d store.Document) change {
	return func(tx store.Tx) error {
		if err := tx.PutBlob(d.Content.Digest, d.Content.Size); err != nil {
			return err
		}
		return tx.InsertDocument(d)
	}
}

func publication(name string, version int) store.Publication {
	return store.Publication{
		Library: "invoices", Folder: "f" + hostile, Name: name, FolderKey: "f", NameKey: name,
		Version: version, Process: "process",
	}
}

func putPublication(p store.Publication) change {
	return func(tx store.Tx) error { return tx.PutPublication(p) }
}

// run is an open run with every field filled.
func run(id string, started time.Time) store.Run {
	return store.Run{
		ID: id, Job: "incoming", Trigger: "schedule", Host: "host", Process: "process",
		Started: started, State: store.RunOpen, Backlog: store.Backlog{Files: math.MaxInt32, Oldest: noon.Add(-time.Hour)},
	}
}

// closed is a run that was closed as the place-th, with every field filled.
func closed(id string, started time.Time, place int) store.Run {
	r := run(id, started)
	r.State, r.Ended = store.RunClosed, started.Add(time.Minute)
	r.Backlog = store.Backlog{Files: 17, Oldest: noon.Add(-2 * time.Hour)}
	r.Counts = store.Counts{
		Processed: 15, Filed: 5, Duplicate: 4, Held: 3, Deleted: 2, Deferred: 1,
		Documents: 6, Bytes: math.MaxInt64, Skipped: math.MaxInt32,
	}
	r.Place, r.Rows, r.Previous, r.Digest, r.Swept = place, sum("rows"), sum("previous"), sum(id), 7
	return r
}

func putRun(r store.Run) change {
	return func(tx store.Tx) error { return tx.InsertRun(r) }
}

// processed is a message of a run; its number is given by the catalog.
func processed(runID, file string, seq int) store.Processed {
	return store.Processed{
		Run: runID, Seq: seq, At: noon, Key: sum(file), Feed: "drop", File: file, MessageID: "<" + file + "@example.com>",
		State: store.Deferred, Documents: 2, Bytes: math.MaxInt64, Skipped: 1,
		Waiting: []string{hostile, "", "b@example.com"}, Detail: hostile,
	}
}

func putProcessed(p store.Processed) change {
	p.Seq = 0
	return func(tx store.Tx) error { return tx.InsertProcessed(p) }
}
