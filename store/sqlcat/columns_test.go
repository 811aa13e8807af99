package sqlcat

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailchute/pkg/message"
)

// FuzzLines: texts come back as they were, whatever bytes they have, and the column is
// text that every database can hold.
func FuzzLines(f *testing.F) {
	f.Add("a@example.com", "")
	f.Add("two\nlines\x00\xff\u2028", `"quoted\"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, texts := range [][]string{nil, {a}, {a, b}, {b, a, ""}} {
			column := linesValue(texts)
			if strings.ToValidUTF8(column, "") != column || strings.ContainsRune(column, 0) {
				t.Errorf("column of %q: got %q, want valid UTF-8 without NUL", texts, column)
			}
			var got []string
			if err := (linesColumn{&got}).Scan(column); err != nil {
				t.Errorf("Scan %q: %v", column, err)
			}
			if diff := cmp.Diff(texts, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("got (+), want (-):\n%s", diff)
			}
		}
	})
}

func TestColumnsRefuseWhatTheyDidNotWrite(t *testing.T) {
	t.Parallel()
	var (
		d     message.Digest
		at    time.Time
		lines []string
		names map[string]string
	)
	for what, err := range map[string]error{
		"short digest":   (digestColumn{&d}).Scan([]byte("short")),
		"text as digest": (digestColumn{&d}).Scan(d.String()),
		"text as time":   (timeColumn{&at}).Scan("2024-02-29"),
		"NULL as time":   (timeColumn{&at}).Scan(nil),
		"bare line":      (linesColumn{&lines}).Scan("bare\n"),
		"NULL as lines":  (linesColumn{&lines}).Scan(nil),
		"list as object": (jsonColumn{&names}).Scan(`["a"]`),
		"NULL as JSON":   (jsonColumn{&names}).Scan(nil),
	} {
		if err == nil {
			t.Errorf("%s: got no error", what)
		}
	}
}
