package incoming_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// agreement is a line of EXPECT.jsonl with the source "independent parsers agree".
type agreement struct {
	File        string
	Source      string
	Subject     *string
	From        []string
	To          []string
	Attachments []agreedPart
	Uuencoded   []agreedPart `json:"uuencoded_in_body"`
}

type agreedPart struct {
	Filename         *string
	FilenameDisputed json.RawMessage `json:"filename_disputed"`
	ContentType      string          `json:"content_type"`
	Kind             string
	Size             int64
	SHA256           string
	SHA256LF         string          `json:"sha256_lf"`
	Nested           json.RawMessage // of an attached message, whose bytes were not compared
}

// agreements reads what independent parsers agree on about messages.
func agreements(t *testing.T, dir string) []agreement {
	t.Helper()
	all := readLines[agreement](t, filepath.Join(dir, "EXPECT.jsonl"))
	return slices.DeleteFunc(all, func(a agreement) bool { return a.Source != "independent parsers agree" })
}

// checkAgreed fails where what independent parsers agree on is not what is stored,
// unless exceptions.txt has it; and where exceptions.txt has what is stored as agreed.
func checkAgreed(t *testing.T, dir string, mail []corpusMail, got map[string]fate) {
	t.Helper()
	known := readExceptions(t)
	tally := map[string]int{}
	for _, a := range agreements(t, dir) {
		at := slices.IndexFunc(mail, func(m corpusMail) bool { return m.File == a.File })
		if at < 0 {
			t.Errorf("%s is expected, but not in the corpus", a.File)
			continue
		}
		c := comparison{t: t, known: known, agreement: a, mail: mail[at], fate: got[a.File], tally: tally}
		c.attachments()
		c.uuencoded()
		c.columns()
	}
	known.checkUsed(t)
	t.Logf("agreed: %v", tally)
	if tally["attachments"] < 900 {
		t.Errorf("got only %d agreed attachments", tally["attachments"])
	}
}

// comparison is of one message.
type comparison struct {
	agreement
	t     *testing.T
	known exceptions
	mail  corpusMail
	fate  fate
	tally map[string]int
}

// attachments looks for each agreed attachment among the documents; none is taken twice.
func (c *comparison) attachments() {
	left := slices.Clone(c.fate.open)
	missing := map[int]bool{}
	for _, nested := range []bool{false, true} {
		for i, want := range c.Attachments {
			if (want.Nested != nil) != nested {
				continue
			}
			at := slices.IndexFunc(left, func(p storedPart) bool { return c.same(want, p) })
			if at < 0 {
				missing[i] = true
				continue
			}
			c.name(i, left[at])
			left = slices.Delete(left, at, at+1)
		}
	}
	for i := range c.Attachments {
		c.tally["attachments"]++
		if missing[i] {
			c.attachment(i)
		} else {
			c.tally["stored"]++
		}
	}
	c.more(left)
}

// more fails for documents that nobody agreed on: all that is not the original and not
// from inside a part that was opened.
func (c *comparison) more(left []storedPart) {
	for _, p := range left {
		if c.agreement.Attachments != nil && p.Part != "" && !strings.Contains(p.Part, "/") {
			c.differs("more "+p.Part, p.String(), "no document")
		}
	}
}

// same reports whether a document is the agreed attachment. An attached message is what
// stands in the message, or what a transfer encoding there stands for.
func (c *comparison) same(want agreedPart, p storedPart) bool {
	switch {
	case p.Part == "":
		return false
	case want.Nested != nil:
		return strings.HasPrefix(p.ContentType, "message/") && bytes.Contains(c.mail.raw, p.data)
	case want.SHA256LF != "":
		return p.sha256LF() == want.SHA256LF
	}
	return p.sha256() == want.SHA256 && int64(len(p.data)) == want.Size
}

// attachment deals with an attachment that is not among the documents.
func (c *comparison) attachment(i int) {
	rule := c.known.take(c.File, fmt.Sprint(i+1))
	check, ok := attachmentRules()[rule]
	if !ok {
		c.t.Errorf("%s: attachment %d, %+v, is not stored; stored: %v", c.File, i+1, c.Attachments[i], c.fate.open)
		return
	}
	c.tally[rule]++
	if err := check(c, i); err != nil {
		c.t.Errorf("%s: attachment %d is said to be an exception by the rule %q: %v", c.File, i+1, rule, err)
	}
}

// name compares the name that a document came with.
func (c *comparison) name(i int, p storedPart) {
	want := c.Attachments[i]
	if want.FilenameDisputed != nil {
		return
	}
	name := ""
	if want.Filename != nil {
		name = *want.Filename
	}
	if p.OriginalName != name {
		c.differs(fmt.Sprintf("%d name", i+1), p.OriginalName, name)
	}
}

// uuencoded looks for the uuencoded files: those in a text have the name that stands before
// them, those that are a part have the part's.
func (c *comparison) uuencoded() {
	for i, want := range c.Uuencoded {
		c.tally["uuencoded"]++
		is := func(p storedPart) bool {
			return c.same(want, p) && (p.OriginalName == *want.Filename || !strings.Contains(p.Part, "/"))
		}
		if !slices.ContainsFunc(c.fate.open, is) {
			c.differs(fmt.Sprintf("uuencoded %d", i+1), c.fate.open, fmt.Sprintf("%s %.16s", *want.Filename, want.SHA256))
		}
	}
}

// columns compares the e-mail columns of the documents.
func (c *comparison) columns() {
	for _, p := range c.fate.open {
		if c.Subject != nil && oneBlank(p.Columns.Subject) != oneBlank(*c.Subject) {
			c.differs("subject", p.Columns.Subject, *c.Subject)
			return
		}
		if want := absent(c.From, p.Columns.From); want != "" {
			c.differs("from", p.Columns.From, want)
			return
		}
		if want := absent(c.To, p.Columns.To); want != "" {
			c.differs("to", p.Columns.To, want)
			return
		}
	}
}

// absent returns the first address that a column does not have; the list has them in
// lower case.
func absent(addresses []string, column string) string {
	for _, a := range addresses {
		if !strings.Contains(strings.ToLower(column), strings.ToLower(a)) {
			return a
		}
	}
	return ""
}

func oneBlank(s string) string { return strings.Join(strings.Fields(s), " ") }

// differs fails where exceptions.txt has no reason for a difference.
func (c *comparison) differs(what string, got, want any) {
	reason := c.known.take(c.File, what)
	c.tally[reason]++
	if !slices.Contains(differences(), reason) {
		c.t.Errorf("%s: %s: got %+q, want %+q", c.File, what, got, want)
	}
}
