package library

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mailchute/pkg/message"
	"mailchute/pkg/text"
)

// The limits of names of files and folders: SharePoint's in characters, and that of
// file systems in bytes.
const (
	maxChars = 128
	maxBytes = 255
	maxExt   = 16 // characters of an extension without its dot; what is longer is none
	maxMarks = 8  // combining marks on one letter
)

// forbidden are the characters that SharePoint 2010 and Windows take in no name.
const forbidden = `~#%&*{}\:<>?/|"`

// SafeName makes a file name of what a stranger called a file. It is the one rule:
//
//   - of a path, the part after the last / or \ counts;
//   - each of ~ # % & * { } \ : < > ? / | " and each byte that is not UTF-8 becomes _;
//   - any run of white space becomes one blank; control, direction, zero-width and other
//     characters that nobody sees (text.Printable) are dropped, and marks beyond the eighth
//     on one letter; the rest is NFC;
//   - a run of dots becomes one; blanks, dots and hyphens at the beginning and blanks
//     and dots at the end are dropped;
//   - a device of Windows (CON, NUL, COM1 …, with whatever extension) gets _ after it;
//   - at most 128 characters and 255 bytes: the end is cut, an extension of up to 16
//     characters is kept;
//   - before an ending that SharePoint reserves (_files, .files, -Dateien …) the separator
//     becomes another.
//
// Where nothing is left the name is "attachment". SafeName(SafeName(s)) is SafeName(s).
func SafeName(name string) string {
	if safe := safeName(name); safe != "" {
		return safe
	}
	return unnamed
}

const unnamed = "attachment"

// NameFor returns the file name of the nth document of a message, n counting from 1: the
// SafeName of what the part is called, or attachment-<n> with the extension of its type;
// with that extension, where one is all that it is called (".pdf", as some scanners do).
// An attached message without a name is called by its subject, and its name ends in .eml.
func NameFor(p message.Part, n int) string {
	safe, ext := safeName(p.Name), extensionOf(p.Type)
	if bare := bareExtension(p.Name); bare != "" {
		safe, ext = "", bare
	}
	if message.IsMessage(p.Type) {
		return messageName(safe, p.Subject, n)
	}
	if safe != "" {
		return safe
	}
	return fmt.Sprintf("%s-%d%s", unnamed, n, ext)
}

// messageName returns the name of an attached message.
func messageName(name, subject string, n int) string {
	if name == "" {
		name = safe(subject, leading)
	}
	if name == "" {
		name = fmt.Sprintf("%s-%d", unnamed, n)
	}
	if strings.EqualFold(path.Ext(name), ".eml") {
		return name
	}
	return SafeName(name + ".eml")
}

// SafeFolder makes a folder name by the rule of SafeName, but / and \ are characters like
// others and become _, and _ is dropped at the beginning, where SharePoint would hide
// the folder. Where nothing is left the name is empty.
func SafeFolder(name, empty string) string {
	if safe := safe(name, " .-_"); safe != "" {
		return safe
	}
	return empty
}

// Fold returns the key under which two names of files or folders are the same to a file
// system that does not mind case or composition: see text.Fold.
func Fold(name string) string { return text.Fold(name) }

// Numbered returns a safe name with " (n)" before its extension, within the limits.
func Numbered(name string, n int) string {
	stem, ext := splitExt(name)
	return fit(strings.TrimRight(stem, " ."), fmt.Sprintf(" (%d)", n)+ext)
}

// subjectName returns the name of a document that is the message itself, or its text:
// <subject>.eml.
func subjectName(subject, ext string) string {
	stem := safe(subject, leading)
	if stem == "" {
		stem = "message"
	}
	return safe(stem+ext, leading)
}

// leading are the characters that no file name begins with.
const leading = " .-"

// safeName is SafeName, but "" where nothing is left.
func safeName(name string) string {
	name = strings.TrimRight(name, `/\`)
	return safe(name[strings.LastIndexAny(name, `/\`)+1:], leading)
}

// safe applies the rule of SafeName to one path element; lead are the characters that
// it may not begin with.
func safe(name, lead string) string {
	name = capMarks(norm.NFC.String(capMarks(replaceRunes(name)))) // NFC may make one mark of two, and two of one
	name = strings.Join(strings.Fields(name), " ")
	for strings.Contains(name, "..") {
		name = strings.ReplaceAll(name, "..", ".")
	}
	name = trim(name, lead)
	name = markDevice(name)
	name = fit(splitExt(name))
	return trim(breakEnding(name), lead)
}

// replaceRunes replaces or drops the characters that no name may have.
func replaceRunes(s string) string {
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1, strings.ContainsRune(forbidden, r):
			b.WriteByte('_')
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case text.Printable(r):
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// capMarks drops the combining marks beyond maxMarks on each letter. Vowels and finals
// of decomposed Hangul count as marks: so no run is ever long enough for normalisation
// to put a character of its own into it (UAX #15 §13, stream-safe text).
func capMarks(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if !unicode.IsMark(r) && (r < '\u1160' || '\u11ff' < r) {
			marks = 0
			return r
		}
		if marks++; marks > maxMarks {
			return -1
		}
		return r
	}, s)
}

func trim(name, lead string) string {
	return strings.TrimRight(strings.TrimLeft(name, lead), " .")
}

// markDevice puts _ after a device name of Windows; there the first dot ends it, and
// blanks before that do not count.
func markDevice(name string) string {
	first, rest := name, ""
	if i := strings.IndexByte(name, '.'); i >= 0 {
		first, rest = name[:i], name[i:]
	}
	if isDevice(strings.ToUpper(strings.TrimRight(first, " "))) {
		return first + "_" + rest
	}
	return name
}

func isDevice(s string) bool {
	switch s {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(s, "COM")
	if !ok {
		port, ok = strings.CutPrefix(s, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}

// splitExt cuts name before its extension, which begins with the last dot. A name that
// begins with its last dot, and a tail that is longer than extensions are or has a blank
// in it, is all stem.
func splitExt(name string) (stem, ext string) {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || utf8.RuneCountInString(name[i:]) > 1+maxExt || strings.Contains(name[i:], " ") {
		return name, ""
	}
	return name[:i], name[i:]
}

// fit returns stem and tail, the end of stem cut where both together are too long.
func fit(stem, tail string) string {
	chars, size := maxChars-utf8.RuneCountInString(tail), maxBytes-len(tail)
	count := 0
	for i, r := range stem {
		count++
		if count > chars || i+utf8.RuneLen(r) > size {
			return strings.TrimRight(stem[:i], " .") + tail
		}
	}
	return stem + tail
}

// reservedEndings are the endings by which SharePoint and Windows recognise the folder
// that belongs to a saved web page, in lower case.
var reservedEndings = []string{
	".files", "_files", "-dateien", "_fichiers", "_bestanden", "_file", "_archivos", "-filer", "_tiedostot", "_pliki", "_soubory",
	"_elemei", "_ficheiros", "_arquivos", "_dosyalar", "_datoteke", "_fitxers", "_failid", "_fails", "_bylos", "_fajlovi", "_fitxategiak",
}

// breakEnding replaces the separator before a reserved ending by one with which the
// ending is not reserved.
func breakEnding(name string) string {
	lower := strings.ToLower(name)
	for _, ending := range reservedEndings {
		if !strings.HasSuffix(lower, ending) {
			continue
		}
		separator := "-"
		if ending[0] == '-' {
			separator = "_"
		}
		at := len(name) - len(ending)
		return name[:at] + separator + name[at+1:]
	}
	return name
}
