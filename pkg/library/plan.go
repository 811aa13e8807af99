package library

import (
	"fmt"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Planned is what becomes of a message in a library.
type Planned struct {
	// Drafts are the documents to file, in the order of the parts, the original last.
	// Empty where the message is refused, and for an invitation that the library does
	// not want.
	Drafts  []Draft
	Skipped Skipped
	// Reason says why the message is refused whole; "" where it is not.
	Reason fault.Reason
	Detail string // for people: which part, and what the library takes
}

// Skipped counts the parts that are no documents to the library; body text is not counted.
type Skipped struct {
	Pictures    int // shown by the HTML text
	Invitations int
	Signatures  int
}

// Total returns the number of all skipped parts.
func (s Skipped) Total() int { return s.Pictures + s.Invitations + s.Signatures }

// Plan says what documents a message becomes in a library.
//
// A document is every leaf that was sent as an attachment, has a file name or is no
// text (RFC 2183, RFC 2046). Not filed, but counted, are pictures that the HTML text shows
// (unless Inline is save), invitations (unless SaveMeetings) and signatures. SaveOriginal
// adds the message itself. It is filed alone where its structure is broken, and where
// nothing else would be filed or has been skipped as an invitation.
//
// One document that is too large or of a blocked type refuses the message whole. The
// size of the original counts only where it is filed alone, its type never: neither is
// of the sender's choosing.
func Plan(l Library, a Arrival) Planned {
	p := planner{library: l, arrival: a, folder: folderFor(l.Settings.Folders, a), names: newNames()}
	if a.Message.Malformed != "" {
		return p.originalAlone()
	}
	for i, part := range a.Message.Parts {
		if !p.wants(part) {
			continue
		}
		name, content := documentName(part, len(p.planned.Drafts)+1), a.Contents[i]
		if l.Settings.isTooLarge(content.Size) {
			return tooLarge(l, fmt.Sprintf("attachment %s (part %s)", name, part.ID), content.Size)
		}
		if isBlocked(name, l.Settings.BlockedTypes) || isBlocked(part.Name, l.Settings.BlockedTypes) {
			detail := fmt.Sprintf("attachment %s (part %s) is of a type that library %s blocks", name, part.ID, l.Name)
			return Planned{Reason: fault.BlockedType, Detail: detail}
		}
		p.add(Draft{Name: name, OriginalName: part.Name, ContentType: part.Type, Part: part.ID, Content: content})
	}
	if len(p.planned.Drafts) == 0 && p.planned.Skipped.Invitations == 0 {
		return p.originalAlone()
	}
	if l.Settings.SaveOriginal {
		p.addOriginal()
	}
	return p.planned
}

// planner is one call of Plan.
type planner struct {
	library Library
	arrival Arrival
	folder  string
	names   names
	planned Planned
}

// wants reports whether the part becomes a document, and counts it where it is skipped.
func (p *planner) wants(part message.Part) bool {
	switch roleOf(part) {
	case bodyText:
		return false
	case signature:
		p.planned.Skipped.Signatures++
		return false
	case picture:
		if p.library.Settings.Inline != InlineSave {
			p.planned.Skipped.Pictures++
			return false
		}
	case invitation:
		if !p.library.Settings.SaveMeetings {
			p.planned.Skipped.Invitations++
			return false
		}
	case document:
	}
	return true
}

// documentName returns the file name of the nth document before it is made distinct.
func documentName(part message.Part, n int) string {
	if roleOf(part) == invitation && part.Name == "" {
		return "invitation.ics"
	}
	return NameFor(part, n)
}

// originalAlone files the message as nothing but itself.
func (p *planner) originalAlone() Planned {
	if size := p.arrival.Original.Size; p.library.Settings.isTooLarge(size) {
		return tooLarge(p.library, "the message, to be filed as it is,", size)
	}
	p.addOriginal()
	return p.planned
}

func (p *planner) addOriginal() {
	p.add(Draft{Name: originalName(p.arrival.Message.Header.Subject), ContentType: "message/rfc822", Content: p.arrival.Original})
}

// add completes a draft with what all documents of the message share.
func (p *planner) add(d Draft) {
	d.Folder = p.folder
	d.Name = p.names.distinct(d.Name)
	d.Overwrite = p.library.Settings.Overwrite
	p.planned.Drafts = append(p.planned.Drafts, d)
}

func (s Settings) isTooLarge(size int64) bool {
	limit := s.maxFileSize()
	return limit != Unlimited && size > limit
}

// tooLarge refuses a message for the size of what is named.
func tooLarge(l Library, what string, size int64) Planned {
	return Planned{
		Reason: fault.TooLarge,
		Detail: fmt.Sprintf("%s has %d bytes, and library %s takes at most %s a file: mailchute library set %s --max-file-size SIZE",
			what, size, l.Name, FormatSize(l.Settings.maxFileSize()), l.Name),
	}
}

// folderFor returns the folder of the message's documents.
func folderFor(f Folders, a Arrival) string {
	switch f {
	case FoldersSubject:
		return SafeFolder(a.Message.Header.Subject, "no subject")
	case FoldersSender:
		return SafeFolder(a.Sender, "unverified")
	case FoldersRoot:
	}
	return ""
}

// names makes the names of one message distinct.
type names struct {
	taken map[string]bool // folded
	last  map[string]int  // by series: the number given last
}

func newNames() names { return names{taken: map[string]bool{}, last: map[string]int{}} }

// distinct returns name, or name with a number where it is the twin of one before. Long
// names of which only the end differs are one series, because numbering cuts it off: so
// the search stays short whatever a message calls its parts.
func (n names) distinct(name string) string {
	free := name
	for n.taken[Fold(free)] {
		series := Fold(Numbered(name, 2))
		n.last[series] = max(n.last[series], 1) + 1
		free = Numbered(name, n.last[series])
	}
	n.taken[Fold(free)] = true
	return free
}
