package library

import (
	"fmt"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
)

// Planned is what becomes of a message in a library.
type Planned struct {
	// Drafts are the documents to file, in the order of the parts, then the texts of the
	// message, then the original. Empty where the message is refused, and where all that
	// is in it was left out.
	Drafts  []Draft
	Skipped Skipped
	// LeftOut lists what Skipped counts, in the order of the parts; the original comes last.
	LeftOut []LeftOut
	// Reason says why the message is refused whole; "" where it is not.
	Reason fault.Reason
	Detail string // for people: which part, and what the library takes
}

// Plan says what documents a message becomes in a library, whose Settings are such as
// Check takes.
//
// A document is every leaf that was sent as an attachment, has a file name or is no
// text (RFC 2183, RFC 2046). Of a wrapper that was opened it is the contents, and the
// wrapper only where it may hold more; of a Macintosh file the data fork. Not filed, but
// counted, are pictures that the HTML text shows (unless Inline is save), invitations
// (unless SaveMeetings), signatures, and files whose names Include and Exclude leave out.
//
// The texts of the message that SaveBody asks for follow, called by its subject. The
// original comes last: where SaveOriginal asks for it; where a part is encrypted, or not
// in the message (RFC 2046 §5.2.3); where the structure is broken, then alone; and where
// there is nothing else to file, unless that was left out by the library's own wish.
//
// One document that is too large refuses the message whole, and so does a file of a
// blocked type, by its name or by Content.Detected; where Blocked is skip, that file is
// left out, and the original with it. The size of the original counts only where it is
// needed, its type and that of a text never: neither is of the sender's choosing. A
// message larger than MaxMessageSize, and a fragment of one, are refused.
func Plan(l Library, a Arrival) Planned {
	p := newPlanner(l, a)
	switch size := a.Message.Size; {
	case p.settings.MaxMessageSize > 0 && size > p.settings.MaxMessageSize:
		return messageTooLarge(l, size)
	case isFragment(a.Message) && !a.Released:
		return fragment()
	case isFragment(a.Message), a.Message.Malformed != "":
		p.fileOriginal(true)
		return p.result()
	}
	for i, part := range a.Message.Parts {
		p.file(i, part, a.Contents[i])
	}
	for _, i := range p.settings.bodies(a) {
		p.fileBody(a.Message.Parts[i], a.Contents[i])
	}
	unwanted := p.planned.Skipped.Invitations + p.planned.Skipped.Blocked + p.planned.Skipped.Filtered
	switch {
	case p.needsOriginal, len(p.planned.Drafts) == 0 && unwanted == 0:
		p.fileOriginal(true)
	case p.settings.SaveOriginal:
		p.fileOriginal(false)
	}
	return p.result()
}

// planner is one call of Plan.
type planner struct {
	library  Library
	settings Settings
	arrival  Arrival
	template Template
	values   templateValues
	blocked  blockedTypes
	names    names
	planned  Planned

	needsOriginal bool // a part can only be had from it
	hasBlocked    bool // the original has a file that the library wants in no form
}

func newPlanner(l Library, a Arrival) *planner {
	template, _ := ParseTemplate(l.Settings.NameTemplate) // Check has let it pass
	return &planner{
		library: l, settings: l.Settings, arrival: a,
		template: template, values: valuesOf(a), blocked: l.Settings.blockedTypes(), names: newNames(),
	}
}

// result returns what was planned: nothing where the message is refused.
func (p *planner) result() Planned {
	if p.planned.Reason != "" {
		return Planned{Reason: p.planned.Reason, Detail: p.planned.Detail}
	}
	return p.planned
}

// file plans a document for part i, if that is one to the library.
func (p *planner) file(i int, part message.Part, content message.Content) {
	if p.planned.Reason != "" || !p.wants(i, part) {
		return
	}
	name := documentName(part, p.next())
	d := p.draft(Draft{Name: name, OriginalName: part.Name, ContentType: part.Type, Part: part.ID, Content: content})
	blocked := p.isBlocked(part, name, d.Name, content.Detected)
	switch {
	case p.settings.filtered(name):
		p.leaveOut(&p.planned.Skipped.Filtered, part.ID, name, WhyExcluded)
		p.hasBlocked = p.hasBlocked || blocked
	case blocked && p.settings.Blocked == BlockedSkip:
		p.leaveOut(&p.planned.Skipped.Blocked, part.ID, name, WhyBlocked)
		p.hasBlocked = true
	case p.settings.isTooLarge(content.Size):
		p.planned = tooLarge(p.library, fmt.Sprintf("attachment %s (part %s)", name, part.ID), content.Size)
	case blocked:
		p.planned = blockedType(p.library, part, name, content.Detected)
	default:
		p.add(d)
	}
}

// wants reports whether part i becomes a document, and counts it where it is skipped.
func (p *planner) wants(i int, part message.Part) bool {
	skipped := &p.planned.Skipped
	switch roleOf(part) {
	case bodyText, resourceFork:
		return false
	case wrapper:
		if !p.holds(i) {
			p.leaveOut(&skipped.Empty, part.ID, documentName(part, p.next()), WhyEmpty)
		}
		return false
	case elsewhere:
		p.needsOriginal = true
		return false
	case signature:
		p.leaveOut(&skipped.Signatures, part.ID, documentName(part, p.next()), WhySignature)
		return false
	case picture:
		if p.settings.Inline != InlineSave {
			p.leaveOut(&skipped.Pictures, part.ID, documentName(part, p.next()), WhyPicture)
			return false
		}
	case invitation:
		if !p.settings.SaveMeetings {
			p.leaveOut(&skipped.Invitations, part.ID, documentName(part, p.next()), WhyInvitation)
			return false
		}
	case document:
	}
	return true
}

// holds reports whether anything was found in wrapper i: it follows at once.
func (p *planner) holds(i int) bool {
	parts := p.arrival.Message.Parts
	return i+1 < len(parts) && parts[i+1].Within == parts[i].ID
}

// next returns the number of the next document.
func (p *planner) next() int { return len(p.planned.Drafts) + 1 }

func (p *planner) leaveOut(count *int, part, name, why string) {
	*count++
	p.planned.LeftOut = append(p.planned.LeftOut, LeftOut{Part: part, Name: name, Why: why})
}

// isBlocked reports whether a part is of a blocked type by any of its names, or by what
// its bytes show. An attached message is one whatever it is called.
func (p *planner) isBlocked(part message.Part, name, final, detected string) bool {
	if !message.IsMessage(part.Type) && p.blocked.byName(part.Name) {
		return true
	}
	return p.blocked.byName(name) || p.blocked.byName(final) || p.blocked.byContent(name, detected)
}

// documentName returns the file name of the nth document before a template changes it and
// before it is made distinct.
func documentName(part message.Part, n int) string {
	if roleOf(part) == invitation && part.Name == "" {
		return "invitation.ics"
	}
	return NameFor(part, n)
}

// fileBody plans a document for a text of the message. The job makes its content, but
// for RTF, which is no text to it.
func (p *planner) fileBody(part message.Part, content message.Content) {
	if p.planned.Reason != "" {
		return
	}
	name := subjectName(p.arrival.Message.Header.Subject, bodyExtension(part.Type))
	if p.settings.isTooLarge(content.Size) {
		p.planned = tooLarge(p.library, fmt.Sprintf("the text of the message (part %s)", part.ID), content.Size)
		return
	}
	d := Draft{Name: name, ContentType: part.Type, Part: part.ID, Text: true}
	if isRTF(part.Type) {
		d.Text, d.Content = false, content
	}
	p.add(p.draft(d))
}

// fileOriginal plans the message itself. Its size counts where it is needed.
func (p *planner) fileOriginal(needed bool) {
	if p.planned.Reason != "" {
		return
	}
	name, size := subjectName(p.arrival.Message.Header.Subject, ".eml"), p.arrival.Original.Size
	switch {
	case p.hasBlocked:
		p.planned.LeftOut = append(p.planned.LeftOut, LeftOut{Name: name, Why: WhyHasBlocked})
	case needed && p.settings.isTooLarge(size):
		p.planned = tooLarge(p.library, "the message, to be filed as it is,", size)
	default:
		p.add(p.draft(Draft{Name: name, ContentType: "message/rfc822", Content: p.arrival.Original}))
	}
}

// draft gives the next document its folder, and the name that the template makes.
func (p *planner) draft(d Draft) Draft {
	values := p.values.of(d.Name, p.next())
	d.Folder = p.folder(values)
	d.Name = p.template.name(values)
	d.Overwrite = p.settings.Overwrite
	return d
}

// folder returns the folder of the document that the values are of.
func (p *planner) folder(values templateValues) string {
	folder := ""
	if p.settings.Plus == PlusFolder {
		folder = SafeFolder(p.arrival.Plus, "")
	}
	if folder == "" {
		folder = p.template.folderName(values)
	}
	if folder == "" {
		folder = folderFor(p.settings.Folders, p.arrival)
	}
	return folder
}

// add makes the name of a draft distinct.
func (p *planner) add(d Draft) {
	d.Name = p.names.distinct(d.Name)
	p.planned.Drafts = append(p.planned.Drafts, d)
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
