package incoming_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

// exceptions are the lines of a file: what is not as expected, by file and what, with the
// rule by which it is not.
type exceptions map[[2]string]*exception

type exception struct {
	rule string
	used bool
}

func readExceptions(t *testing.T) exceptions { return readTable(t, "exceptions.txt") }

// readTable reads a file of lines: file, tab, what, tab, rule.
func readTable(t *testing.T, name string) exceptions {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "corpus", name))
	if err != nil {
		t.Fatal(err)
	}
	all := exceptions{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			t.Fatalf("%s: %q is not of the form FILE, tab, WHAT, tab, RULE", name, line)
		}
		key := [2]string{f[0], f[1]}
		if all[key] != nil {
			t.Fatalf("%s: %q is there twice", name, key)
		}
		all[key] = &exception{rule: f[2]}
	}
	return all
}

// take returns the rule of an exception; "" is none.
func (e exceptions) take(file, what string) string {
	x := e[[2]string{file, what}]
	if x == nil {
		return ""
	}
	x.used = true
	return x.rule
}

// checkUsed fails for each exception that is none any more.
func (e exceptions) checkUsed(t *testing.T) {
	t.Helper()
	for key, x := range e {
		if !x.used {
			t.Errorf("%s: %s (%s): is as expected after all, or not expected: take it from the list", key[0], key[1], x.rule)
		}
	}
}

// attachmentRules are the only rules by which an attachment is not stored as it was sent,
// each with what must be true of it.
func attachmentRules() map[string]func(c *comparison, i int) error {
	return map[string]func(c *comparison, i int) error{
		"signature":     isSignature,
		"tnef":          isTNEF,
		"smime":         isOpenedSMIME,
		"resource-fork": isResourceFork,
		"encrypted":     isEncrypted,
		"partial":       isPartial,
		"external-body": isExternalBody,
		"cut-off":       isCutOff,
	}
}

// isSignature: of a multipart/signed, the part that signs: of a type that does nothing
// else, or of the one that the multipart says (RFC 1847 §2.1).
func isSignature(c *comparison, i int) error {
	p, err := c.part(i)
	if err != nil {
		return err
	}
	typ := c.Attachments[i].ContentType
	types := []string{"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
	protocol := bytes.Contains(c.mail.raw, []byte(`protocol="`+typ+`"`))
	return errors.Join(
		need(slices.Contains(types, typ) || protocol, "type %s", typ),
		need(p.Parent == "multipart/signed", "parent %q", p.Parent),
		need(strings.HasSuffix("."+p.ID, ".2"), "part %s is not the second", p.ID),
	)
}

// isTNEF: replaced by the files in it, if there are any: the attribute attAttachRenddata
// stands before each (MS-OXTNEF §2.1.3.3.15).
func isTNEF(c *comparison, i int) error {
	p, data, err := c.decode(i)
	if err != nil {
		return err
	}
	files := bytes.Count(data, []byte{0x02, 0x90, 0x06, 0x00})
	return errors.Join(
		need(strings.HasSuffix(p.Type, "ms-tnef"), "type %s", p.Type),
		need(bytes.HasPrefix(data, []byte{0x78, 0x9f, 0x3e, 0x22}), "it begins with % x", data[:min(4, len(data))]),
		need(c.within(p) >= files, "%d of %d files in it are stored", c.within(p), files),
		need(len(c.fate.open) > 0, "nothing is stored"),
	)
}

// isOpenedSMIME: signed data, replaced by what was signed; by the message's original
// where that is no more than text.
func isOpenedSMIME(c *comparison, i int) error {
	p, data, err := c.decode(i)
	if err != nil {
		return err
	}
	signedData := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02} // its object identifier in DER
	return errors.Join(
		need(p.Type == "application/pkcs7-mime" || p.Type == "application/x-pkcs7-mime", "type %s", p.Type),
		need(bytes.Contains(data[:min(32, len(data))], signedData), "it is no signed data"),
		need(c.within(p) > 0 || c.mail.hasOriginal(c.fate.open), "neither what was signed is stored, nor the original"),
	)
}

// within returns how many documents were in a part.
func (c *comparison) within(p message.Part) (n int) {
	for _, d := range c.fate.open {
		if strings.HasPrefix(d.Part, p.ID+"/") {
			n++
		}
	}
	return n
}

// decode returns the leaf that is attachment i, and its bytes.
func (c *comparison) decode(i int) (message.Part, []byte, error) {
	m, p, err := c.parse(i)
	if err != nil {
		return p, nil, err
	}
	var data bytes.Buffer
	at := slices.IndexFunc(m.Parts, func(q message.Part) bool { return q.ID == p.ID })
	_, err = m.Decode(c.t.Context(), at, &data)
	return p, data.Bytes(), err
}

// isResourceFork: of a Macintosh file in two parts.
func isResourceFork(c *comparison, i int) error {
	p, err := c.part(i)
	if err != nil {
		return err
	}
	return errors.Join(
		need(c.Attachments[i].ContentType == "application/applefile", "type %s", c.Attachments[i].ContentType),
		need(p.Parent == "multipart/appledouble", "parent %q", p.Parent),
	)
}

// isEncrypted: filed as its original.
func isEncrypted(c *comparison, i int) error {
	p, err := c.part(i)
	if err != nil {
		return err
	}
	smime := []string{"application/pkcs7-mime", "application/x-pkcs7-mime"}
	return errors.Join(
		need(p.Parent == "multipart/encrypted" || slices.Contains(smime, p.Type), "type %s, parent %q", p.Type, p.Parent),
		need(c.mail.hasOriginal(c.fate.open), "the original is not stored"),
	)
}

// isPartial: a fragment of a message, held.
func isPartial(c *comparison, i int) error {
	return errors.Join(
		need(c.Attachments[i].ContentType == "message/partial" && len(c.Attachments) == 1, "type %s", c.Attachments[i].ContentType),
		need(c.fate.state == store.Held && c.fate.reason == fault.PartialMessage, "it is %s %s", c.fate.state, c.fate.reason),
	)
}

// isExternalBody: it stands for what is not in the message, which is filed as its original.
func isExternalBody(c *comparison, i int) error {
	return errors.Join(
		need(c.Attachments[i].ContentType == "message/external-body", "type %s", c.Attachments[i].ContentType),
		need(c.mail.hasOriginal(c.fate.open), "the original is not stored"),
	)
}

// isCutOff: the file ends inside the header of the part, which has no byte; filed as its
// original, and as nothing else.
func isCutOff(c *comparison, i int) error {
	return errors.Join(
		need(c.Attachments[i].Size == 0, "size %d", c.Attachments[i].Size),
		need(c.mail.hasOriginal(c.fate.open) && len(c.fate.open) == 1, "stored: %v", c.fate.open),
	)
}

func need(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// part returns the leaf that is attachment i by the rule of the corpus's README.
func (c *comparison) part(i int) (message.Part, error) {
	_, p, err := c.parse(i)
	return p, err
}

func (c *comparison) parse(i int) (*message.Message, message.Part, error) {
	raw := belowEnvelope(c.mail.raw)
	m, err := message.NewParser(message.Limits{}).Parse(c.t.Context(), bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, message.Part{}, err
	}
	var listed []message.Part
	for _, p := range m.Parts {
		text := slices.Contains([]string{"text/plain", "text/html", "text/enriched", "text/richtext"}, p.Type)
		if p.Within == "" && !strings.HasPrefix(p.Type, "multipart/") && (!text || p.Disposition == "attachment" || p.Name != "") {
			listed = append(listed, p)
		}
	}
	if i >= len(listed) || listed[i].Type != c.Attachments[i].ContentType {
		return nil, message.Part{}, fmt.Errorf("it is none of the parts %+v", listed)
	}
	return m, listed[i], nil
}

// differences are the only reasons why a name or a column is not as agreed:
//   - encoded-text: what is uuencoded is the text that people read, by its part's transfer
//     encoding
//   - utf-16: without a byte order mark it is big-endian (RFC 2781 §4.3), which was meant;
//     the parsers read it as their machine does
func differences() []string { return []string{"encoded-text", "utf-16"} }
