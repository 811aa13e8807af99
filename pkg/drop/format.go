package drop

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mailchute/pkg/fault"
)

// Format says how one kind of MTA fills its drop folder: where its files are, when they
// are whole, and which of the lines at their top it wrote itself. Field names are in
// lower case. Formats differ in their data only; no code asks for a format's name.
type Format struct {
	Name string
	// Custom: a feed says what differs from this in its MTA.
	Custom bool

	// Maildir: messages are the files in new/, whatever their names. Otherwise they are
	// the files of the folder itself whose names match Pattern (path.Match, compared
	// without regard to case), temporary names excepted.
	Maildir bool
	Pattern string
	// Atomic: a file appears under its final name whole. Otherwise it is written in
	// place and has to settle.
	Atomic bool

	// Sender is the field that holds the envelope sender; it must be there once.
	Sender string
	// EmptyIsNull: an empty Sender field means the null reverse-path, as <> always does.
	EmptyIsNull bool
	// AbsentIsNull: no Sender field means it too.
	AbsentIsNull bool
	// Recipient is the field that holds an envelope recipient.
	Recipient string
	// Repeated: there may be several Recipient fields.
	Repeated bool
	// List: a Recipient field may hold several addresses, with commas between them.
	List bool
	// Parameters: those of ESMTP may follow an address (RFC 5321 §4.1.2).
	Parameters bool
	// DisplayName: a name may stand before an address in angle brackets (RFC 5322 §3.4).
	DisplayName bool
	// Also are further fields that must be there once; what they say is not used.
	Also []string
	// Auth is the field that holds the login of an authenticated sender; it may be
	// absent. "": this format has none.
	Auth string

	// Host is the field that names the host which handed the message in, by its IP address;
	// it may be absent, and must not be there twice. "": this format has none.
	Host string

	// The trusted zone begins with the first line. AnyField: fields of other names may
	// stand in it, those of other MTAs' envelopes excepted, and Received, which only ends
	// it. Otherwise a field that is none of the above ends it.
	AnyField bool
	// End is the field that must follow the zone's last line; "": any line may, so that
	// nothing shows where the writer's lines end and others begin.
	End string
	// EndInside: the End field is the MTA's own and still part of the zone.
	EndInside bool

	// Trust is what a feed adds to its MTA's format; the table has none.
	Trust
}

const (
	received = "received"
	injected = "x-endofinjectedxheaders"
	dropAuth = "x-drop-auth"
)

// formats is the table of all formats.
var formats = []Format{
	{
		// X-Original-To is what RCPT TO said; Delivered-To may be an alias's target.
		Name: "postfix", Maildir: true, Atomic: true,
		Sender: "return-path", Recipient: "x-original-to", Also: []string{"delivered-to"}, Auth: dropAuth,
		AnyField: true, End: received,
	},
	{
		Name: "exim", Maildir: true, Atomic: true,
		Sender: "return-path", Recipient: "envelope-to", List: true, Auth: dropAuth,
		AnyField: true, End: received,
	},
	{
		// Exim writes temp.<pid>.<host> in the same folder, and links it.
		Name: "exim-files", Pattern: "*.eml", Atomic: true,
		Sender: "return-path", Recipient: "envelope-to", List: true, Auth: dropAuth,
		AnyField: true, End: received,
	},
	{
		// OpenSMTPD writes no Return-Path for the null sender.
		Name: "opensmtpd", Maildir: true, Atomic: true,
		Sender: "return-path", AbsentIsNull: true, Recipient: "delivered-to", Auth: dropAuth,
		AnyField: true, End: received,
	},
	{
		// Dovecot writes no Delivered-To for several recipients in one transaction.
		Name: "dovecot", Maildir: true, Atomic: true,
		Sender: "return-path", Recipient: "delivered-to", Auth: dropAuth,
		AnyField: true, End: received,
	},
	{
		Name: "drop-write", Maildir: true, Atomic: true,
		Sender: "x-sender", Recipient: "x-receiver", Repeated: true, Parameters: true, Auth: dropAuth,
		End: injected, EndInside: true,
	},
	{
		Name: "iis", Pattern: "*.eml",
		Sender: "x-sender", EmptyIsNull: true, Recipient: "x-receiver", Repeated: true, Parameters: true,
		End: received,
	},
	{
		// A foreign connector's block has more fields, which differ by version.
		Name: "exchange", Pattern: "*.eml",
		Sender: "x-sender", Recipient: "x-receiver", Repeated: true, Parameters: true, Host: "x-sourceipaddress",
		AnyField: true, End: injected, EndInside: true,
	},
	{
		// .NET's SmtpClient; no MTA stands between the program and the folder.
		Name: "pickup", Pattern: "*.eml",
		Sender: "x-sender", Recipient: "x-receiver", Repeated: true, DisplayName: true,
	},
	{
		// IIS SMTP's block for scripts, tests and people: anybody can write it.
		Name: "eml", Pattern: "*.eml",
		Sender: "x-sender", EmptyIsNull: true, Recipient: "x-receiver", Repeated: true, Parameters: true,
	},
	{
		Name: "custom", Custom: true, Maildir: true, Atomic: true,
		Sender: "return-path", Recipient: "delivered-to", Auth: dropAuth,
		AnyField: true, End: received,
	},
}

// Formats returns the names of all formats, in the order of the documentation.
func Formats() []string {
	names := make([]string, 0, len(formats))
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatNamed returns a format by its name; the error for an unknown one wraps
// fault.ErrNotFound and lists those that there are.
func FormatNamed(name string) (Format, error) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, fmt.Errorf("format %q: %w; there are %s", name, fault.ErrNotFound, strings.Join(Formats(), ", "))
	}
	return formats[i], nil
}

// Guarded reports whether something shows where the MTA's lines end. Where nothing does,
// whoever can write a file into the folder can write any of them.
func (f *Format) Guarded() bool { return f.End != "" }

// own reports whether the MTA's block may hold a field of this name.
func (f *Format) own(name string) bool {
	return name == f.Sender || name == f.Recipient || slices.Contains(f.Also, name) ||
		(f.Auth != "" && name == f.Auth) || (f.Host != "" && name == f.Host)
}

// foreign reports whether a field has a meaning in the envelopes of some MTAs, and none
// elsewhere. In the zone of an MTA that does not write it, it is a stranger's.
func foreign(name string) bool {
	return name == "x-sender" || name == "x-receiver" || name == "envelope-to" || name == injected
}

// arrival returns the folder where messages arrive.
func (f *Format) arrival() string {
	if f.Maildir {
		return "new"
	}
	return "."
}

// temporary reports whether writers give this name, in lower case, to a file that they
// have not finished.
func temporary(name string) bool {
	return strings.HasPrefix(name, "~") || strings.HasPrefix(name, "temp.") ||
		strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".part")
}

// takes reports whether a file of this name in the arrival folder is a message.
func (f *Format) takes(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	if f.Maildir {
		return true
	}
	name = strings.ToLower(name)
	matches, err := path.Match(f.Pattern, name)
	return matches && err == nil && !temporary(name)
}
