package incoming_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/pkg/message"
	"mailchute/store"
)

// peerTest is a line of EXPECT.jsonl with the source "peer test": what another project's
// own tests state of a message, in that project's notion of attachment.
type peerTest struct {
	File   string
	Source string
	Peer   string

	Subject *string
	From    []string

	Attachments     []peerPart
	AttachmentCount *int       `json:"attachment_count"`
	InlineFiles     []peerPart `json:"inline_files"`
	LeafBodies      []peerPart `json:"leaf_bodies"`
	DeliveryReport  bool       `json:"delivery_report"`
	Spoof           bool
	Claimed         string
	EnvelopeFrom    string `json:"envelope_from"`
}

type peerPart struct {
	Filename    *string
	ContentType string `json:"content_type"`
	Size        *int64
	SHA256      string
	SHA256LF    string `json:"sha256_lf"`
	UTF8SHA256  string `json:"utf8_sha256"`
	Converted   bool   `json:"charset_converted_to_utf8"`
	PeerMade    string `json:"peer_made"`
	Nested      json.RawMessage
}

// peerTests reads what peers' tests state of messages.
func peerTests(t *testing.T, dir string) []peerTest {
	t.Helper()
	all := readLines[peerTest](t, filepath.Join(dir, "EXPECT.jsonl"))
	return slices.DeleteFunc(all, func(p peerTest) bool {
		return p.Source != "peer test" || strings.HasPrefix(p.File, "tnef-raw/")
	})
}

// notions are the only reasons why we do not follow a peer:
//   - charset: we have another reading of bytes in no charset, or in a wrong one
//   - damaged: the peer cuts damaged base64 off at the damage, or keeps it encoded
//   - from: the peer looks for an address elsewhere; we have the first From as it is
//   - header: the peer's header goes on behind a line that is no field
//   - name: the peer invents a name for a part that has none
//   - nested: the peer counts what is in an attached message
//   - signature: the peer counts what signs a multipart/signed
//   - text: the peer counts what people read as the message
func notions() []string {
	return []string{"charset", "damaged", "from", "header", "name", "nested", "signature", "text"}
}

// Where their notion of an attachment is ours, we store what the tests of other projects
// state. testdata/corpus/peers.txt names the rest.
func TestCorpusPeers(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	tests := peerTests(t, dir)
	mail := corpus(t, dir, func(file string) bool {
		return slices.ContainsFunc(tests, func(p peerTest) bool { return p.File == file })
	})
	w := newWorld(t, "eml")
	got := w.file(mail)
	known := readTable(t, "peers.txt")
	tally := map[string]int{}
	for _, p := range tests {
		at := slices.IndexFunc(mail, func(m corpusMail) bool { return m.File == p.File })
		if at < 0 {
			t.Errorf("%s is expected, but not in the corpus", p.File)
			continue
		}
		c := peerComparison{t: t, known: known, peerTest: p, mail: mail[at], fate: got[p.File], tally: tally}
		c.compare()
	}
	known.checkUsed(t)
	t.Logf("peers: %v", tally)
	if tally["messages"] < 190 || tally["files"] < 130 || tally["leaves"] < 110 {
		t.Errorf("got %v, want more", tally)
	}
}

// peerComparison is of one message.
type peerComparison struct {
	peerTest
	t     *testing.T
	known exceptions
	mail  corpusMail
	fate  fate
	tally map[string]int
}

// compare follows the peer's notion.
func (c *peerComparison) compare() {
	c.tally["messages"]++
	switch {
	case strings.HasPrefix(c.Peer, "zammad"):
		c.files(slices.DeleteFunc(slices.Concat(c.Attachments), func(p peerPart) bool { return p.PeerMade != "" }))
	case strings.HasPrefix(c.Peer, "apache james"):
		c.leaves()
	case c.DeliveryReport, c.Spoof:
		if c.fate.state != store.Filed || !c.mail.hasOriginal(c.fate.all) {
			c.differs("report", fmt.Sprint(c.fate.state, c.fate.all), "filed with its original")
		}
	default:
		c.files(slices.Concat(c.InlineFiles, c.Attachments))
	}
	if c.AttachmentCount != nil && *c.AttachmentCount != c.ours() {
		c.differs("count", c.ours(), *c.AttachmentCount)
	}
	c.columns()
}

// columns compares subject and From.
func (c *peerComparison) columns() {
	if len(c.fate.open) == 0 {
		return
	}
	got := c.fate.open[0].Columns
	if c.Subject != nil && oneBlank(*c.Subject) != oneBlank(got.Subject) {
		c.differs("subject", got.Subject, *c.Subject)
	}
	if want := absent(c.From, got.From); want != "" {
		c.differs("from", got.From, want)
	}
}

// ours returns how many documents are the message's parts.
func (c *peerComparison) ours() (n int) {
	for _, p := range c.fate.open {
		if p.Part != "" {
			n++
		}
	}
	return n
}

// files looks for each of the peer's files among the documents; none is taken twice. Where
// the peer lists files, we have no others.
func (c *peerComparison) files(want []peerPart) {
	left := slices.Clone(c.fate.open)
	for i, p := range want {
		c.tally["files"]++
		at := slices.IndexFunc(left, p.is)
		if at < 0 {
			c.differs(fmt.Sprint(i+1), c.fate.open, p.String())
			continue
		}
		if p.Filename != nil && *p.Filename != left[at].OriginalName {
			c.differs(fmt.Sprintf("%d name", i+1), left[at].OriginalName, *p.Filename)
		}
		left = slices.Delete(left, at, at+1)
	}
	if c.Attachments == nil || c.AttachmentCount != nil {
		return
	}
	for _, p := range left {
		if p.Part != "" {
			c.differs("more "+p.Part, p.String(), "no document")
		}
	}
}

// is reports whether a document is the peer's file, by its bytes where they are stated,
// else by what is.
func (p peerPart) is(d storedPart) bool {
	switch {
	case d.Part == "":
		return false
	case p.Nested != nil:
		return strings.HasPrefix(d.ContentType, "message/")
	case p.SHA256 != "":
		return p.SHA256 == d.sha256()
	case p.UTF8SHA256 != "":
		return p.UTF8SHA256 == d.sha256()
	case p.Size != nil && *p.Size != int64(len(d.data)):
		return false
	}
	return p.Filename == nil || *p.Filename == d.OriginalName || p.Size != nil
}

func (p peerPart) String() string {
	b, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// leaves looks for the bytes of each leaf that the peer found among those of ours: parts,
// texts, and what is in attached messages.
func (c *peerComparison) leaves() {
	ours := map[string]bool{}
	decodeLeaves(c.t, belowEnvelope(c.mail.raw), ours)
	for i, p := range c.LeafBodies {
		c.tally["leaves"]++
		if !ours[p.SHA256] && !ours[p.SHA256LF] {
			c.differs(fmt.Sprintf("leaf %d", i+1), c.fate.open, p.String())
		}
	}
}

// decodeLeaves notes the digests of all leaves of a message, attached messages included,
// as they are and with the line ends of sha256_lf.
func decodeLeaves(t *testing.T, raw []byte, digests map[string]bool) {
	t.Helper()
	m, err := message.NewParser(message.Limits{}).Parse(t.Context(), bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range m.Parts {
		var data bytes.Buffer
		if _, err := m.Decode(t.Context(), i, &data); err != nil {
			t.Fatal(err)
		}
		p := storedPart{data: data.Bytes()}
		digests[p.sha256()], digests[p.sha256LF()] = true, true
		if part.Type == "message/rfc822" {
			decodeLeaves(t, p.data, digests)
		}
	}
}

// differs fails where peers.txt has no reason for a difference.
func (c *peerComparison) differs(what string, got, want any) {
	reason := c.known.take(c.File, what)
	c.tally[reason]++
	if !slices.Contains(notions(), reason) {
		c.t.Errorf("%s\t%s\tgot %v, want %v", c.File, what, got, want)
	}
}
