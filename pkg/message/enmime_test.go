package message_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"

	"mailchute/pkg/message"
)

// byEnmime lists the leaves that enmime finds in a whole message; text is not turned into
// UTF-8. It is not ok where enmime says itself that it lost something, and where it made a
// leaf of a multipart, for then it lost the body.
func byEnmime(raw []byte) (all []leaf, ok bool) {
	const kept = "kept-" // in front of text: enmime converts only what is called text
	p := enmime.NewParser(enmime.SetCustomParseMediaType(func(s string) (string, map[string]string, []string, error) {
		typ, params, invalid, err := mediatype.Parse(s)
		if strings.HasPrefix(typ, "text/") {
			typ = kept + typ
		}
		return typ, params, invalid, err
	}))
	root, err := p.ReadParts(bytes.NewReader(raw))
	if err != nil {
		return nil, false
	}
	for _, part := range root.DepthMatchAll(func(*enmime.Part) bool { return true }) {
		if slices.ContainsFunc(part.Errors, func(e *enmime.Error) bool { return e.Severe }) {
			return nil, false
		}
		if part.FirstChild != nil {
			continue
		}
		if strings.HasPrefix(part.ContentType, "multipart/") {
			return nil, false
		}
		all = append(all, leaf{message.Part{
			Type:        cmp.Or(strings.TrimPrefix(part.ContentType, kept), "text/plain"),
			Disposition: part.Disposition,
			Name:        part.FileName,
		}, part.Content})
	}
	return all, true
}

// byUs lists the leaves that we find, not counting what is in wrappers.
func byUs(t *testing.T, p *message.Parser, raw []byte) (all []leaf) {
	t.Helper()
	m, err := p.Parse(t.Context(), bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	for i, part := range m.Parts {
		data, _ := decode(t, m, i)
		if part.Within != "" {
			continue
		}
		all = append(all, leaf{part, []byte(data)})
	}
	return all
}

// outlines says of each leaf what would be filed of it.
func outlines(leaves []leaf) (lines []string) {
	for _, l := range leaves {
		lines = append(lines, fmt.Sprintf("%s %q, %d bytes %.8s", l.part.Type, l.part.Name, len(l.data), digest(l.data)))
	}
	return lines
}

// otherThanEnmime are the messages whose attachments enmime reads rightly, but something
// of which we read otherwise, with the reason why ours stands.
func otherThanEnmime() map[string]string {
	const (
		header = "a line that is no field ends the header: what stands behind it is not lost"
		pieces = "RFC 2231: we put pieces together that are not numbered from 0 without a gap"
	)
	return map[string]string{
		"enmime/parts__barren-content-type.raw.eml":                                                 "a type that is none is application/octet-stream",
		"spamassassin-t/nice__mime8.eml":                                                            "a type that is none is application/octet-stream",
		"inbucket/etc__swaks-tests__mime-errors.raw.eml":                                            "ends with a delimiter, which enmime takes for text",
		"stalwart/thirdparty__005.eml":                                                              "a delimiter stands at a line's start",
		"kde-messagelib/mimetreeparser__autocrypt__multiple_autocryptheaders_invalid.mbox.eml":      header,
		"kde-messagelib/mimetreeparser__autocrypt__multiple_autocryptheaders_invalid_from.mbox.eml": header,
		"mail-gem/plain_emails__raw_email_incorrect_header.eml":                                     header,
		"mail-gem/rfc2822__example13.eml":                                                           header,
		"mime4j-mimetools/hdr-fakeout.msg.eml":                                                      header,
		"zammad/mail__mail054.box.eml":                                                              header,
		"mime-is-broken/hide-filename__1652610582.TTAd_2_.eml":                                      pieces,
		"mime-is-broken/hide-filename__1652610582.kFor_2_.eml":                                      pieces,
		"mime-is-broken/hide-filename__1652610582.tKZz_2_.eml":                                      pieces,
		"mime-is-broken/hide-filename__1652610582.7N6U_2_.eml":                                      "RFC 2231: the name is in UTF-16",
		"mail-gem/attachment_emails__attachment_with_encoded_name.eml":                              "RFC 2231: the name is in a charset other than UTF-8",
		"mime-is-broken/hide-filename__1652610582.1jWr_2_.eml":                                      "the name is in UTF-16, big-endian as there is no mark (RFC 2781 §4.3)",
		"mime4j-mimetools/multi-2evil.msg.eml":                                                      "encoded words in the middle of a name",
		"zammad/mail__mail064.box.eml":                                                              "the name ends with its quote",
	}
}

// TestCorpusByEnmime compares all leaves of a message, texts included, with those of
// enmime's own parse of the whole message, where enmime reads it rightly: it reports no
// loss, and its attachments are those that independent parsers agree on.
func TestCorpusByEnmime(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	p := message.NewParser(message.Limits{})
	known := otherThanEnmime()
	right := 0
	for _, e := range agreed(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, e.File))
		if err != nil {
			t.Fatal(err)
		}
		theirs, ok := byEnmime(raw)
		e.Subject = nil
		listed := slices.DeleteFunc(slices.Clone(theirs), func(l leaf) bool { return !isListed(l.part) })
		if !ok || e.Attachments == nil || len(compare(e, &message.Message{}, listed)) > 0 {
			continue
		}
		right++
		diff := gocmp.Diff(outlines(theirs), outlines(byUs(t, p, raw)))
		_, expected := known[e.File]
		delete(known, e.File)
		if diff != "" && !expected {
			t.Errorf("%s (-enmime +ours):\n%s", e.File, diff)
		}
		if diff == "" && expected {
			t.Errorf("%s: agrees after all: take it from the list", e.File)
		}
	}
	for file := range known {
		t.Errorf("%s: listed, but not read rightly by enmime", file)
	}
	if right < 550 {
		t.Errorf("only %d messages compared", right)
	}
}
