package library

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Template makes the names of documents, and of the folder they go into. The zero value
// is {name}{ext}, with no folder of its own.
type Template struct {
	folder, file []piece
}

// piece is a literal text, or a placeholder.
type piece struct{ literal, placeholder string }

// The placeholders of a template.
const (
	byDate    = "{date}"
	bySender  = "{sender}"
	bySubject = "{subject}"
	byName    = "{name}"
	byExt     = "{ext}"
	byNumber  = "{n}"
)

func placeholders() []string {
	return []string{byDate, bySender, bySubject, byName, byExt, byNumber}
}

// ParseTemplate reads a template of file names: text with the placeholders
//
//   - {date}, the day of the message's Date where it was sent, 2006-01-02; that of its
//     arrival in UTC where it has none;
//   - {sender}, the address of a sender that we are sure of, else "unverified";
//   - {subject}, or "no subject";
//   - {name} and {ext}, the name that the document would have, and its extension with the
//     dot, which may be empty;
//   - {n}, the number of the document in the message, from 1.
//
// One slash may be in it: what stands before it names the folder. The extension comes at
// the end of the name, whether the template has it there or not: so no subject replaces
// it. Names and folders are made by the rules of SafeName and SafeFolder. "" is the zero
// Template.
func ParseTemplate(s string) (Template, error) {
	if s == "" {
		return Template{}, nil
	}
	t, err := parseTemplate(s)
	if err != nil {
		return Template{}, fmt.Errorf("name_template %q: %w; write FILE or FOLDER/FILE, text with %s in it, such as {date}/{sender} {name}{ext}",
			s, err, strings.Join(placeholders(), " "))
	}
	return t, nil
}

func parseTemplate(s string) (t Template, err error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || r == unicode.ReplacementChar || unicode.IsControl(r) }) {
		return t, errors.New("it has a character that no file name can have")
	}
	if strings.Contains(s, "..") {
		return t, errors.New("two dots lead out of a folder")
	}
	folder, file, found := strings.Cut(s, "/")
	if !found {
		folder, file = "", s
	}
	if strings.Contains(file, "/") {
		return t, errors.New("there is one level of folders: use one slash at most")
	}
	if t.folder, err = pieces(folder); err != nil {
		return t, err
	}
	if t.file, err = pieces(strings.TrimSuffix(file, byExt)); err != nil {
		return t, err
	}
	if slices.Contains(t.file, piece{placeholder: byExt}) {
		return t, errors.New(byExt + " belongs at the end of the file name, once")
	}
	someone := templateValues{date: "x", sender: "x", subject: "x", name: "x", number: 1}
	if found && SafeFolder(someone.fill(t.folder), "") == "" {
		return t, errors.New("nothing names the folder")
	}
	if safeName(someone.fill(t.file)) == "" {
		return t, errors.New("nothing names the file")
	}
	t.file = append(t.file, piece{placeholder: byExt})
	return t, nil
}

// pieces cuts a text with placeholders.
func pieces(s string) (all []piece, err error) {
	for s != "" {
		open := strings.IndexAny(s, "{}")
		if open < 0 {
			return append(all, piece{literal: s}), nil
		}
		if open > 0 {
			all = append(all, piece{literal: s[:open]})
			s = s[open:]
		}
		end := strings.IndexByte(s, '}') + 1
		if s[0] != '{' || end == 0 {
			return nil, errors.New("a brace has no partner")
		}
		if !slices.Contains(placeholders(), s[:end]) {
			return nil, fmt.Errorf("%s is no placeholder", s[:end])
		}
		all = append(all, piece{placeholder: s[:end]})
		s = s[end:]
	}
	return all, nil
}

// name returns the file name of the document that the values are of.
func (t Template) name(v templateValues) string {
	if t.file == nil {
		return v.name + v.ext
	}
	return SafeName(v.fill(t.file))
}

// folderName returns the folder of that document; "" where the template names none.
func (t Template) folderName(v templateValues) string {
	if t.folder == nil {
		return ""
	}
	return SafeFolder(v.fill(t.folder), "no name")
}

// templateValues are what placeholders stand for: plain names without a slash, and none
// is empty but the extension.
type templateValues struct {
	date, sender, subject, name, ext string
	number                           int
}

// valuesOf returns the values that all documents of a message share.
func valuesOf(a Arrival) templateValues {
	v := templateValues{date: dateOf(a), sender: SafeFolder(a.Sender, "unverified"), subject: safe(a.Message.Header.Subject, leading)}
	if v.subject == "" {
		v.subject = "no subject"
	}
	return v
}

// of returns the values of the nth document, whose own safe name is given.
func (v templateValues) of(name string, n int) templateValues {
	v.name, v.ext = splitExt(name)
	v.number = n
	return v
}

// fill puts the values in for the placeholders.
func (v templateValues) fill(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		switch p.placeholder {
		case byDate:
			b.WriteString(v.date)
		case bySender:
			b.WriteString(v.sender)
		case bySubject:
			b.WriteString(v.subject)
		case byName:
			b.WriteString(v.name)
		case byExt:
			b.WriteString(v.ext)
		case byNumber:
			b.WriteString(strconv.Itoa(v.number))
		default:
			b.WriteString(p.literal)
		}
	}
	return b.String()
}

// dateOf returns the day on which the message was sent, as its sender wrote it.
func dateOf(a Arrival) string {
	sent, err := mail.ParseDate(a.Message.Header.Date)
	if err != nil {
		sent = a.Received.UTC()
	}
	return sent.Format("2006-01-02")
}
