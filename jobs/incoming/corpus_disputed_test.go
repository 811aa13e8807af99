package incoming_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

// update has the golden file of the disputed messages written anew.
var update = flag.Bool("update", false, "write testdata/corpus/disputed.golden")

// disputed is a line of EXPECT-DISPUTED.jsonl.
type disputed struct {
	File string
	What []string
}

// heading is the first line of a disputed message's block in the golden file.
func (d disputed) heading() string { return d.File + ": " + strings.Join(d.What, ", ") }

// undecided stands in a new block of the golden file until somebody has looked at it.
const undecided = "nobody has looked at it yet"

// answers are the only reasons for which an answer is the right one where parsers do not
// agree.
func answers() []string {
	return []string{
		"From is a column, and nobody is looked up by it: the first field of that name, as it was written",
		"of two Subject fields, the first is the column",
		"header bytes in no charset are UTF-8, else what the message's own charset makes of them, else windows-1252",
		"encoded words are read in the charset that they are labelled with; what is not of it becomes U+FFFD",
		"a line that is no field ends the header, as for MTAs; columns that stand below it stay empty, and the original is filed whole",
		"a line at the top that begins with a blank ends nothing: the message below it is read",
		"a parameter on a line of its own goes on with its field, although the blank before it is missing",
		"damaged base64: all whole bytes that can be had are stored, and the document is marked as damaged",
		"a transfer encoding that nobody knows: the part is stored as it was sent, and marked as damaged",
		"x-uu and uue are other names of x-uuencode",
		"uuencoded data without an end line: what is there is stored, and marked as damaged",
		"a boundary is a whole line that begins with its two dashes (RFC 2046 §5.1.1); what is not found by it is in the original",
		"of two fields of one name that contradict each other, the first counts; the original has what the other would have shown",
		"no parts can be told apart: the message is filed as its original",
		"the line end before a boundary belongs to the boundary, and no other one (RFC 2046 §5.1.1)",
		"text without a name is what people read as the message, and no document",
		"an attached message is one document: what is attached to it stays in it, and what follows it is not in it",
		"nobody sent a name, so none is recorded; the document is named by number and type, or by the subject of an attached message",
		"a type that cannot be read is application/octet-stream: the part is a document, and nothing hides behind it",
		"RFC 2231: a name in pieces is put together by their numbers, whatever is wrong with the rest, and comes before a plain one",
		"utf-16 without a byte order mark is big-endian (RFC 2781 §4.3)",
		"an encoded word in a parameter is decoded, although RFC 2047 §5 wants none there",
		"a value that lacks its quotes goes on to the end of the parameter",
		"white space at the end of a boundary is no part of it (RFC 2046 §5.1.1)",
		"a transfer encoding with blanks behind it is that encoding all the same",
		"of multiparts with one boundary, it is the innermost open one's",
		"bytes that cannot be in the charset of their label are read in one in which they can",
		"the record has the name as it was sent; the document's own name is safe",
		"what signs a multipart/signed is no document, damaged or not",
		"encrypted: the message is filed as its original, however its base64 is read",
	}
}

// Where parsers do not agree, our answer is chosen, and the same every time. It is in
// testdata/corpus/disputed.golden with its reasons, which -update keeps.
func TestCorpusDisputed(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	lines := readLines[disputed](t, filepath.Join(dir, "EXPECT-DISPUTED.jsonl"))
	slices.SortFunc(lines, func(a, b disputed) int { return cmp.Compare(a.heading(), b.heading()) })
	mail := corpus(t, dir, func(file string) bool {
		return slices.ContainsFunc(lines, func(d disputed) bool { return d.File == file })
	})
	w := newWorld(t, "eml")
	got := w.file(mail)

	golden := filepath.Join("..", "..", "testdata", "corpus", "disputed.golden")
	data, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	reasons := reasonsIn(string(data))
	var b strings.Builder
	fmt.Fprint(&b, "# What becomes of the messages about which parsers do not agree, and why that is the\n# right answer: documents with their part, name, type, size and digest.\n")
	for _, d := range lines {
		at := slices.IndexFunc(mail, func(m corpusMail) bool { return m.File == d.File })
		if at < 0 {
			t.Fatalf("%s is not in the corpus", d.File)
		}
		writeBlock(t, &b, d, mail[at], got[d.File], reasons[d.heading()])
	}
	if *update {
		w.must(os.WriteFile(golden, []byte(b.String()), 0o644))
		return
	}
	checkReasons(t, reasons)
	if diff := gocmp.Diff(strings.Split(string(data), "\n\n"), strings.Split(b.String(), "\n\n")); diff != "" {
		t.Errorf("answers have changed; see that they are right, then run it with -update (-golden +got):\n%s", diff)
	}
}

// reasonsIn returns the reasons in a golden file by the heading of their block.
func reasonsIn(golden string) map[string][]string {
	reasons := map[string][]string{}
	for block := range strings.SplitSeq(golden, "\n\n") {
		lines := strings.Split(block, "\n")
		for _, line := range lines[1:] {
			if why, ok := strings.CutPrefix(line, "  why: "); ok {
				reasons[lines[0]] = append(reasons[lines[0]], why)
			}
		}
	}
	return reasons
}

// checkReasons fails for a reason that is none of answers, and for one that no message has.
func checkReasons(t *testing.T, reasons map[string][]string) {
	t.Helper()
	used := map[string]bool{}
	for heading, whys := range reasons {
		for _, why := range whys {
			used[why] = true
			if !slices.Contains(answers(), why) {
				t.Errorf("%s: %q is no reason", heading, why)
			}
		}
	}
	for _, a := range answers() {
		if !used[a] {
			t.Errorf("no message has the reason %q", a)
		}
	}
}

// writeBlock writes what became of a message: subject and From only where they are
// disputed, and nothing of what is in it but digests.
func writeBlock(t *testing.T, b *strings.Builder, d disputed, mail corpusMail, f fate, why []string) {
	t.Helper()
	if len(why) == 0 {
		why = []string{undecided}
	}
	raw := belowEnvelope(mail.raw)
	m, err := message.NewParser(message.Limits{}).Parse(t.Context(), bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatalf("%s: %v", d.File, err)
	}
	fmt.Fprintf(b, "\n%s\n", d.heading())
	for _, w := range why {
		fmt.Fprintf(b, "  why: %s\n", w)
	}
	fmt.Fprintf(b, "  %s\n", strings.TrimSpace(fmt.Sprint(f.state, " ", f.reason)))
	if m.Malformed != "" {
		fmt.Fprintf(b, "  malformed: %s\n", m.Malformed)
	}
	if slices.Contains(d.What, "subject") {
		fmt.Fprintf(b, "  subject: %q\n", oneBlank(m.Header.Subject))
	}
	if slices.Contains(d.What, "from") {
		fmt.Fprintf(b, "  from: %q\n", m.Header.From)
	}
	for _, p := range f.open {
		fmt.Fprintf(b, "  %s\n", docLine(p))
	}
}

// docLine describes a document: by the name that it came with, for the one that it is
// stored under depends on what else there is.
func docLine(p storedPart) string {
	line := fmt.Sprintf("%s %q %s %d %.16s", cmp.Or(p.Part, "original"), p.OriginalName, p.ContentType, len(p.data), p.sha256())
	if p.Part == "" {
		line = fmt.Sprintf("original %d", len(p.data))
	}
	if p.Content.Damaged != "" {
		line += ", damaged: " + p.Content.Damaged
	}
	return line
}
