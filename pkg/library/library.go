// Package library knows what a document library is: its name and settings, the rules
// for file names, and Plan, which says what documents a message becomes in it. All of
// it is pure: no I/O, no clock.
package library

import (
	"time"

	"mailchute/pkg/message"
)

// Site is a named set of libraries and groups; its grants reach the libraries that
// inherit them. The site "default" exists from the start.
type Site struct {
	Name  string // NAME: see CheckName
	Title string
}

// Library is a place where documents go.
type Library struct {
	Name      string // NAME, unique over the farm
	Site      string // the Site's name
	Title     string
	LocalPart string // as written; unique over libraries and groups, compared folded; "" takes no mail
	Inherit   bool   // the site's grants count here too
	Archived  bool   // removed with its documents kept; takes no mail
	Settings  Settings
}

// Settings are the incoming e-mail settings of a library. The zero value is
// SharePoint's default: contributors only, attachments in the root folder, nothing
// overwritten, neither originals nor meetings saved.
type Settings struct {
	Accept       Accept   `json:"accept"`
	SenderTrust  string   `json:"sender_trust,omitempty"` // a rung's name; "" asks what the farm asks
	Folders      Folders  `json:"folders"`
	Overwrite    bool     `json:"overwrite"`
	Versions     int      `json:"versions"` // of a document whose bytes are kept, with Overwrite; 0: all
	SaveOriginal bool     `json:"save_original"`
	SaveMeetings bool     `json:"save_meetings"`
	Inline       Inline   `json:"inline"`
	MaxFileSize  int64    `json:"max_file_size"` // bytes of one document; 0: DefaultMaxFileSize; -1: no limit
	BlockedTypes []string `json:"blocked_types"` // file name extensions without the dot, lower case; PresetSharePoint

	Blocked        Blocked  `json:"blocked,omitempty"`          // what becomes of a file of a blocked type
	MaxMessageSize int64    `json:"max_message_size,omitempty"` // bytes of the message as it was sent; 0 or -1: no limit
	Include        []string `json:"include,omitempty"`          // patterns of file names that are filed; none: all are
	Exclude        []string `json:"exclude,omitempty"`          // patterns of file names that are not, before Include
	SaveBody       Body     `json:"save_body,omitempty"`
	SaveHeaders    bool     `json:"save_headers,omitempty"` // each document's columns have the message's whole header
	// NameTemplate names the documents, and their folder where it has a slash: see
	// ParseTemplate. "" is {name}{ext} in the folder that Folders says.
	NameTemplate string `json:"name_template,omitempty"`
	Plus         Plus   `json:"plus,omitempty"`
	// AutoReplies says what becomes of automatic answers and delivery reports.
	AutoReplies AutoReplies `json:"auto_replies,omitempty"`
}

// PresetSharePoint stands in Settings.BlockedTypes for all of DefaultBlockedTypes.
const PresetSharePoint = "sharepoint"

// Blocked says what becomes of a file of a blocked type.
type Blocked string

// The values of Blocked; "" is BlockedHold.
const (
	BlockedHold Blocked = "hold" // the message is held whole
	BlockedSkip Blocked = "skip" // the file is left out, with a note; so is the original, which has it
)

// Body says whether the text that people read as the message is filed.
type Body string

// The values of Body; "" is BodyNone.
const (
	BodyNone Body = "none"
	BodyText Body = "text" // the plain text; the HTML where there is no plain text
	BodyHTML Body = "html" // the HTML; the plain text where there is no HTML
)

// Plus says what a detail behind a plus sign in the local part means (RFC 5233 §1:
// invoices+2026@…).
type Plus string

// The values of Plus; "" is PlusIgnore.
const (
	PlusIgnore Plus = "ignore" // nothing
	PlusFolder Plus = "folder" // the folder of the documents, before Folders and NameTemplate
)

// AutoReplies says what becomes of mail that answers other mail by itself: automatic
// answers (RFC 3834) and delivery reports (RFC 3464, RFC 8098).
type AutoReplies string

// The values of AutoReplies; "" is AutoRepliesFile.
const (
	AutoRepliesFile AutoReplies = "file" // it is mail like other mail
	AutoRepliesHold AutoReplies = "hold" // the message is held
)

// DefaultMaxFileSize is SharePoint 2010's upload limit.
const DefaultMaxFileSize = 50 << 20

// Accept says whose mail a library takes.
type Accept string

// The values of Accept.
const (
	AcceptContributors Accept = "contributors" // people who may contribute (vti_emailusesecurity = 1)
	AcceptAnyone       Accept = "anyone"       // any sender; those unknown to us file as System Account
)

// Folders says into which folder of the library a message's documents go.
type Folders string

// The values of Folders (vti_emailattachmentfolders).
const (
	FoldersRoot    Folders = "root"
	FoldersSubject Folders = "subject"
	FoldersSender  Folders = "sender"
)

// Inline says what happens to pictures that the HTML text shows.
type Inline string

// The values of Inline.
const (
	InlineSkip Inline = "skip"
	InlineSave Inline = "save"
)

// Arrival is what Plan reads: a message whose parts have been decoded, and where it
// came from.
type Arrival struct {
	Message  *message.Message
	Contents []message.Content // one for each of Message.Parts
	// Original is the message as it was sent, the trusted zone left out.
	Original message.Content
	// Sender names the sender folder: the address of a sender that we are sure of, or
	// "unverified".
	Sender string
	// Plus is the recipient's detail (RFC 5233 §1), "" for none.
	Plus string
	// Received is when the message reached the drop folder; it dates a message without a
	// Date that can be read.
	Received time.Time
	// Released: an operator has decided that the message is filed; one that is only a
	// fragment of a larger one (RFC 2046 §5.2.2) becomes its original.
	Released bool
}

// Draft is a document-to-be. Its name is safe and distinct within the message; the
// store makes it distinct within the folder.
type Draft struct {
	Folder       string // "" is the library's root
	Name         string
	OriginalName string // as sent, for the record
	ContentType  string
	Part         string // message.Part.ID; "" is the original
	// Text: the document is the part's text in UTF-8 (message.Message.DecodeText), and
	// Content is left to whoever writes it.
	Text    bool
	Content message.Content
	// Overwrite: the same name again becomes a new version, not a numbered name.
	Overwrite bool
}
