package library

import (
	"fmt"
	"strings"

	"mailchute/pkg/text"
)

// Skipped counts the parts that are no documents to the library; body text is not counted.
type Skipped struct {
	Pictures    int // shown by the HTML text
	Invitations int
	Signatures  int
	Blocked     int // of a blocked type, where the library skips these
	Filtered    int // by Include and Exclude
	Empty       int // wrappers with nothing in them: a winmail.dat of properties alone
}

// Total returns the number of all skipped parts.
func (s Skipped) Total() int {
	return s.Pictures + s.Invitations + s.Signatures + s.Blocked + s.Filtered + s.Empty
}

// LeftOut is a part that is no document to the library, or the original where it is
// none because of such a part.
type LeftOut struct {
	Part string // message.Part.ID; "" is the original
	Name string // the safe file name, without what NameTemplate makes of it
	Why  string // for people: one of the Why constants
}

// Why a part was left out.
const (
	WhyPicture    = "picture in the text"
	WhyInvitation = "meeting invitation"
	WhySignature  = "signature"
	WhyBlocked    = "blocked type"
	WhyExcluded   = "excluded"
	WhyEmpty      = "nothing in it"
	WhyHasBlocked = "has a file of a blocked type"
)

// The limits of a note: so many names, of so many characters each.
const (
	notedNames = 3
	notedChars = 40
)

// Note says for people what was left out, in less than 600 bytes, ready to print: "left
// out: setup.exe (blocked type), logo.png (picture in the text) and 3 more"; "" where
// nothing was.
func (p Planned) Note() string {
	if len(p.LeftOut) == 0 {
		return ""
	}
	var noted []string
	for _, l := range p.LeftOut[:min(len(p.LeftOut), notedNames)] {
		noted = append(noted, fmt.Sprintf("%s (%s)", text.Cut(l.Name, notedChars), l.Why))
	}
	note := "left out: " + strings.Join(noted, ", ")
	if more := len(p.LeftOut) - len(noted); more > 0 {
		note += fmt.Sprintf(" and %d more", more)
	}
	return note
}
