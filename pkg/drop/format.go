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
	// Recipient is the field that holds an envelope recipient.
	Recipient string
	// Repeated: there may be several Recipient fields.
	Repeated bool
	// Parameters: those of ESMTP may follow an address (RFC 5321 §4.1.2).
	Parameters bool
	// Also are further fields that must be there once; what they say is not used.
	Also []string
	// Auth is the field that holds the login of an authenticated sender; it may be
	// absent. "": this format has none.
	Auth string

	// The trusted zone begins with the first line. AnyField: fields of other names may
	// stand in it, Received excepted, which only ends it. Otherwise a field that is none
	// of the above ends it.
	AnyField bool
	// End is the field that must follow the zone's last line; "": any line may.
	End string
	// EndInside: the End field is the MTA's own and still part of the zone.
	EndInside bool
}

// formats is the table of all formats.
var formats = []Format{
	{
		// IIS SMTP's block for scripts, tests and people: anybody can write it.
		Name: "eml", Pattern: "*.eml",
		Sender: "x-sender", EmptyIsNull: true, Recipient: "x-receiver", Repeated: true, Parameters: true,
	},
	{
		Name: "iis", Pattern: "*.eml",
		Sender: "x-sender", EmptyIsNull: true, Recipient: "x-receiver", Repeated: true, Parameters: true,
		End: "received",
	},
	{
		// X-Original-To is what RCPT TO said; Delivered-To may be an alias's target.
		Name: "postfix", Maildir: true, Atomic: true,
		Sender: "return-path", Recipient: "x-original-to", Also: []string{"delivered-to"}, Auth: "x-drop-auth",
		AnyField: true, End: "received",
	},
	{
		Name: "drop-write", Maildir: true, Atomic: true,
		Sender: "x-sender", Recipient: "x-receiver", Repeated: true, Parameters: true, Auth: "x-drop-auth",
		End: "x-endofinjectedxheaders", EndInside: true,
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

// own reports whether the MTA's block may hold a field of this name.
func (f *Format) own(name string) bool {
	return name == f.Sender || name == f.Recipient || slices.Contains(f.Also, name) || (f.Auth != "" && name == f.Auth)
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
