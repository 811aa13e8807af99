package incoming_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"

	"mailchute/pkg/library"
)

// batch is how many messages one drain of the benchmark finds.
const batch = 200

// BenchmarkDrain drains messages of realistic sizes from a folder into a store on disk,
// everything synced, and reports messages and bytes of drop files a second. Writing the
// messages is not counted.
func BenchmarkDrain(b *testing.B) {
	w := newWorld(b, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "archive", Settings: library.Settings{Folders: library.FoldersSender, SaveOriginal: true}})
	for _, row := range []struct {
		name string
		to   []string
	}{
		{"attachments", []string{"invoices@case.test"}},
		{"originals", []string{"archive@case.test"}},
	} {
		b.Run(row.name, func(b *testing.B) {
			g := newGenerator(row.name)
			var size int64
			messages := 0
			for b.Loop() {
				b.StopTimer()
				for range batch {
					messages++
					m := mail("alice@case.test", row.to...) + g.message()
					size += int64(len(m))
					w.drop(fmt.Sprintf("%s-%d.eml", row.name, messages), m)
				}
				b.StartTimer()
				if sum := w.drain(); sum.Filed != batch {
					b.Fatalf("got summary %+v, want %d filed", sum, batch)
				}
			}
			seconds := b.Elapsed().Seconds()
			b.ReportMetric(0, "ns/op") // of a batch; it says nothing
			b.ReportMetric(float64(messages)/seconds, "messages/s")
			b.ReportMetric(float64(size)/1e6/seconds, "MB/s")
			b.ReportMetric(float64(size)/1e3/float64(messages), "KB/message")
		})
	}
}

// generator makes messages as people send them, always the same ones.
type generator struct {
	source *rand.ChaCha8
	random *rand.Rand
	name   string // in the Message-IDs
	made   int
}

func newGenerator(name string) *generator {
	var seed [32]byte
	copy(seed[:], name)
	source := rand.NewChaCha8(seed)
	return &generator{source: source, random: rand.New(source), name: name}
}

// message returns the next message: two in five are text only, the others have one to
// three attachments.
func (g *generator) message() string {
	g.made++
	var m bytes.Buffer
	fmt.Fprintf(&m, "Received: from client.test by mx.case.test; Thu, 1 Jan 2026 00:00:00 +0000\r\n"+
		"Message-ID: <%d.%s@case.test>\r\nFrom: Alice <alice@case.test>\r\nTo: invoices@case.test\r\nSubject: Invoice %d\r\n"+
		"Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\n", g.made, g.name, g.made)
	if g.random.IntN(5) < 2 {
		m.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		g.quoted(&m, g.size(4e3, 1, 200, 200e3))
		return m.String()
	}
	boundary := fmt.Sprintf("=_%016x", g.random.Uint64())
	fmt.Fprintf(&m, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n--%s\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", boundary, boundary)
	g.quoted(&m, g.size(1e3, 1, 50, 50e3))
	for i := range 1 + g.random.IntN(3) {
		fmt.Fprintf(&m, "\r\n--%s\r\n", boundary)
		g.attachment(&m, i)
	}
	fmt.Fprintf(&m, "\r\n--%s--\r\n", boundary)
	return m.String()
}

// attachment writes one of 10 KB to 5 MB: one in five a table, quoted-printable, the
// others bytes that do not compress, base64.
func (g *generator) attachment(m *bytes.Buffer, i int) {
	size := g.size(120e3, 1.3, 10e3, 5e6)
	if g.random.IntN(5) == 0 {
		fmt.Fprintf(m, "Content-Type: text/csv; name=table%d.csv\r\nContent-Disposition: attachment; filename=table%d.csv\r\n"+
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n", i, i)
		g.quoted(m, size)
		return
	}
	fmt.Fprintf(m, "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=invoice%d.pdf\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n", i)
	line := make([]byte, 57) // 76 characters
	for range size / len(line) {
		g.source.Read(line) //nolint:errcheck // it never fails
		m.WriteString(base64.StdEncoding.EncodeToString(line))
		m.WriteString("\r\n")
	}
}

// quoted writes so many bytes of text with umlauts in it.
func (g *generator) quoted(m *bytes.Buffer, size int) {
	words := strings.Fields("Rechnung über Lieferung netto zahlbar = 4.200,00 € am 31. Januar; Grüße")
	out := quotedprintable.NewWriter(m)
	for column := 0; size > 0; column++ {
		word := words[g.random.IntN(len(words))]
		size -= len(word) + 1
		end := " "
		if column%12 == 11 {
			end = "\r\n"
		}
		io.WriteString(out, word+end) //nolint:errcheck // a Buffer never fails
	}
	out.Close()
}

// size returns a log-normal size around a median, within bounds.
func (g *generator) size(median, sigma, least, most float64) int {
	return int(min(max(median*math.Exp(sigma*g.random.NormFloat64()), least), most))
}
