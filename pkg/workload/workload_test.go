package workload_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
	"mailchute/pkg/workload"
)

// options make a set of either mix.
func options(mix workload.Mix) workload.Options {
	return workload.Options{
		Seed: 7, Mix: mix, From: "alice@docs.test", To: []string{"invoices@docs.test", "plans@docs.test", "archive@docs.test"},
	}
}

func write(t testing.TB, m workload.Message) ([]byte, workload.Tally) {
	t.Helper()
	var b bytes.Buffer
	tally, err := m.Write(&b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), tally
}

// TestReadBack parses and decodes the messages of both mixes: they must be what the tally
// says, without damage, and no attachment twice.
func TestReadBack(t *testing.T) {
	t.Parallel()
	const messages = 150
	for name, mix := range map[string]workload.Mix{"office": workload.Office, "small": workload.Small} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parser := message.NewParser(message.Limits{})
			g := workload.New(options(mix))
			ids, digests := map[string]bool{}, map[message.Digest]bool{}
			encodings := map[string]bool{}
			for i := range messages {
				m := g.Message(i)
				raw, want := write(t, m)
				got := tallyOf(t, parser, raw, digests, encodings)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("message %d (-want +got):\n%s\n%.2000s", i, diff, raw)
				}
				ids[m.ID] = true
				if !bytes.Contains(raw, []byte("\nMessage-ID: "+m.ID)) {
					t.Errorf("message %d: its Message-ID is not %s", i, m.ID)
				}
			}
			if len(ids) != messages {
				t.Errorf("got %d Message-IDs, want %d", len(ids), messages)
			}
			want := map[string]bool{"base64": true, "quoted-printable": true, "8bit": true}
			if diff := cmp.Diff(want, encodings); diff != "" {
				t.Errorf("encodings (-want +got):\n%s", diff)
			}
		})
	}
}

// tallyOf reads a message as the program does.
func tallyOf(t *testing.T, parser *message.Parser, raw []byte, digests map[message.Digest]bool, encodings map[string]bool) workload.Tally {
	t.Helper()
	ctx := context.Background()
	m, err := parser.Parse(ctx, bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if m.Malformed != "" {
		t.Errorf("malformed: %s", m.Malformed)
	}
	got := workload.Tally{Messages: 1, Bytes: int64(len(raw)), Parts: len(m.Parts)}
	for i, part := range m.Parts {
		c, err := m.Decode(ctx, i, io.Discard)
		if err != nil || c.Damaged != "" || part.Unread {
			t.Errorf("part %s: %v %s, unread %v", part.ID, err, c.Damaged, part.Unread)
		}
		encodings[part.Encoding] = true
		if part.Disposition == "" {
			continue
		}
		if part.Name == "" || strings.ContainsAny(part.Name, "=?%\r\n\t") {
			t.Errorf("part %s has the name %q", part.ID, part.Name)
		}
		if digests[c.Digest] {
			t.Errorf("part %s, %s of %d bytes, was there before", part.ID, part.Name, c.Size)
		}
		digests[c.Digest] = true
		if part.Disposition == "attachment" {
			got.Attachments++
			got.Decoded += c.Size
		} else if !part.Referenced {
			t.Errorf("part %s is a picture that the HTML does not show", part.ID)
		}
	}
	return got
}

// TestSame: a set is the same each time, in any order; another seed makes other messages.
func TestSame(t *testing.T) {
	t.Parallel()
	g, again := workload.New(options(workload.Office)), workload.New(options(workload.Office))
	other := options(workload.Office)
	other.Seed++
	for i := 20; i >= 0; i-- {
		want, _ := write(t, g.Message(i))
		if got, _ := write(t, again.Message(i)); !bytes.Equal(want, got) {
			t.Errorf("message %d differs when it is made again", i)
		}
		if got, _ := write(t, workload.New(other).Message(i)); bytes.Equal(want, got) {
			t.Errorf("message %d is that of another seed", i)
		}
	}
}

// TestAsAnnounced: a set has the sizes and shares that its documentation says.
func TestAsAnnounced(t *testing.T) {
	t.Parallel()
	const messages = 5000
	g := workload.New(options(workload.Office))
	var sum workload.Tally
	attached, lf, others := 0, 0, 0
	for i := range messages {
		m := g.Message(i)
		w := &firstLine{}
		tally, err := m.Write(w)
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(tally)
		if tally.Attachments > 3 {
			t.Errorf("message %d has %d attachments, want at most 3", i, tally.Attachments)
		}
		if n := tally.Decoded; n > 0 {
			attached++
			if least, most := int64(tally.Attachments)*10_000, int64(tally.Attachments)*5_000_500; n < least || n > most {
				t.Errorf("message %d: %d bytes in %d attachments, want %d to %d", i, n, tally.Attachments, least, most)
			}
		}
		if !w.crlf {
			lf++
		}
		if !cmp.Equal(m.Recipients, []string{"invoices@docs.test"}) {
			others++
		}
	}
	for _, row := range []struct {
		what        string
		got         float64
		least, most float64
	}{
		{"bytes a message", float64(sum.Bytes) / messages, 235e3, 255e3},
		{"decoded bytes a message", float64(sum.Decoded) / messages, 164e3, 184e3},
		{"attachments a message", float64(sum.Attachments) / messages, 0.9, 1.02},
		{"parts a message", float64(sum.Parts) / messages, 2.3, 2.6},
		{"share with attachments", float64(attached) / messages, 0.54, 0.58},
		{"share with LF", float64(lf) / messages, 0.28, 0.32},
		{"share with other recipients", float64(others) / messages, 0.09, 0.11},
	} {
		if row.got < row.least || row.got > row.most {
			t.Errorf("%s: got %.3f, want %.2f to %.2f", row.what, row.got, row.least, row.most)
		}
	}
	if sum.Messages != messages {
		t.Errorf("got a tally of %d messages, want %d", sum.Messages, messages)
	}
}

// firstLine notes how the first line ends, and discards the rest.
type firstLine struct{ seen, crlf bool }

func (w *firstLine) Write(p []byte) (int, error) {
	if i := bytes.IndexByte(p, '\n'); i > 0 && !w.seen {
		w.seen, w.crlf = true, p[i-1] == '\r'
	}
	return len(p), nil
}

// TestWriteFails: an error of the writer ends the message at once.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	m := workload.New(options(workload.Office)).Message(0)
	raw, _ := write(t, m)
	for _, room := range []int{0, 100, len(raw) / 2, len(raw) - 1} {
		full := &limited{room: room}
		if _, err := m.Write(full); !errors.Is(err, errFull) {
			t.Errorf("room for %d of %d bytes: got %v, want %v", room, len(raw), err, errFull)
		}
		if full.after {
			t.Errorf("room for %d of %d bytes: it writes on after the error", room, len(raw))
		}
	}
}

var errFull = errors.New("full")

type limited struct {
	room        int
	full, after bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.full {
		l.after = true
	}
	if len(p) > l.room {
		l.full = true
		return 0, errFull
	}
	l.room -= len(p)
	return len(p), nil
}

// BenchmarkWrite makes messages without keeping them.
func BenchmarkWrite(b *testing.B) {
	for name, mix := range map[string]workload.Mix{"office": workload.Office, "small": workload.Small} {
		b.Run(name, func(b *testing.B) {
			g := workload.New(options(mix))
			var sum workload.Tally
			for b.Loop() {
				tally, err := g.Message(sum.Messages).Write(io.Discard)
				if err != nil {
					b.Fatal(err)
				}
				sum.Add(tally)
			}
			b.ReportMetric(float64(sum.Bytes)/1e6/b.Elapsed().Seconds(), "MB/s")
			b.ReportMetric(float64(sum.Bytes)/1e3/float64(sum.Messages), "KB/message")
			b.ReportMetric(float64(sum.Decoded)/1e3/float64(sum.Messages), "decoded-KB/message")
			b.ReportMetric(float64(sum.Attachments)/float64(sum.Messages), "attachments/message")
			b.ReportMetric(float64(sum.Parts)/float64(sum.Messages), "parts/message")
		})
	}
}
