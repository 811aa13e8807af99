package workload

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// mailer is the host that the messages come from.
const mailer = "mail.example"

// Write writes the message, header first and without an envelope, and says what it comes
// to. It writes in small pieces, so w should be buffered. A second call writes the same.
func (m Message) Write(w io.Writer) (Tally, error) {
	wr := &writer{
		Message: m, w: w, random: m.generator.random(m.number, 1), tally: Tally{Messages: 1},
	}
	wr.header()
	switch m.kind {
	case plain:
		wr.text()
	case attached:
		wr.multipart("mixed", func(next func()) {
			next()
			wr.text()
			for i := range 1 + pick(wr.random, m.generator.shape.counts[:]...) {
				next()
				wr.attachment(i)
			}
		})
	case pictured:
		wr.pictured()
	}
	return wr.tally, wr.err
}

// writer writes one message. After an error it writes nothing more.
type writer struct {
	Message
	w          io.Writer
	random     *rand.Rand
	tally      Tally
	boundaries int
	err        error
}

func (w *writer) write(p []byte) {
	if w.err != nil {
		return
	}
	n, err := w.w.Write(p)
	w.tally.Bytes += int64(n)
	w.err = err
}

func (w *writer) string(s string) {
	if w.err != nil {
		return
	}
	n, err := io.WriteString(w.w, s)
	w.tally.Bytes += int64(n)
	w.err = err
}

// field writes a header field, or another line.
func (w *writer) field(format string, args ...any) {
	w.string(fmt.Sprintf(format, args...) + w.material.end)
}

// header writes the fields above the structure: those that servers on the way add, with a
// signature, and those of the sender.
func (w *writer) header() {
	sent := time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC).Add(time.Duration(w.number) * 13 * time.Second)
	fold := w.material.end + "\t"
	for hop := range 1 + w.random.IntN(3) {
		w.field("Received: from relay%d.%s (relay%d.%s [192.0.2.%d])%sby mx.example with ESMTPS id %08x%sfor <%s>; %s",
			hop, mailer, hop, mailer, 1+w.random.IntN(250), fold, w.random.Uint32(), fold,
			w.Recipients[0], sent.Add(time.Duration(3-hop)*time.Second).Format(time.RFC1123Z))
	}
	if w.random.IntN(3) > 0 {
		line := func() []byte { return w.line(w.random.IntN(lines))[:w.width()] }
		w.field("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=mail;%sh=from:to:subject:date:message-id; bh=%.43s=;%sb=%s%s%s",
			mailer, fold, line(), fold, line(), fold, line())
	}
	w.field("Message-ID: %s", w.ID)
	w.field("Date: %s", sent.Format(time.RFC1123Z))
	w.field("From: =?utf-8?Q?Andr=C3=A9_Example?= <%s>", w.Sender)
	w.field("To: %s", strings.Join(w.Recipients, ","+fold))
	w.field("Subject: %s %d", subjects[w.random.IntN(len(subjects))], w.number)
	w.field("X-Mailer: %s", mailers[w.random.IntN(len(mailers))])
	w.field("MIME-Version: 1.0")
}

// subjects are whole, encoded, and in part encoded (RFC 2047).
var subjects = []string{
	"Invoice", "Minutes of the meeting", "Re: Your order", "Fwd: Drawings, second floor",
	"=?utf-8?Q?Rechnung_f=C3=BCr?= Lieferung", "=?iso-8859-1?Q?Proc=E8s-verbal?=", "=?utf-8?B?QW5nZWJvdCDDvGJlcg==?=",
}

var mailers = []string{"Example Mail 16.0", "ExampleMessage (2.3445.6)", "Example/115.3.1", "webmail 1.6"}

// multipart writes one (RFC 2046 §5.1); next begins another entity in it.
func (w *writer) multipart(subtype string, entities func(next func())) {
	w.boundaries++
	boundary := fmt.Sprintf("----=_%d_%016x", w.boundaries, w.random.Uint64())
	end := w.material.end
	w.field("Content-Type: multipart/%s;%s\tboundary=%q%s", subtype, end, boundary, end)
	if w.boundaries == 1 {
		w.field("This is a multi-part message in MIME format.")
	}
	entities(func() { w.string(end + "--" + boundary + end) })
	w.string(end + "--" + boundary + "--" + end)
}

// text writes what people read: plain, three times in ten with the same as HTML.
func (w *writer) text() {
	if w.random.IntN(10) >= 3 {
		w.words("text/plain", w.generator.shape.text.draw(w.random), w.material.words)
		return
	}
	w.multipart("alternative", func(next func()) {
		next()
		w.words("text/plain", w.generator.shape.text.draw(w.random), w.material.words)
		next()
		w.words("text/html", w.generator.shape.html.draw(w.random), w.material.markup)
	})
}

// words writes a text of at least so many bytes, in one of the encodings of texts.
func (w *writer) words(mediaType string, size int, from []words) {
	w.tally.Parts++
	quoted := w.random.IntN(2) == 0
	w.field("Content-Type: %s; charset=utf-8", mediaType)
	w.field("Content-Transfer-Encoding: %s%s", encodingOf(quoted), w.material.end)
	w.sentences(size, from, quoted)
}

func encodingOf(quoted bool) string {
	if quoted {
		return "quoted-printable"
	}
	return "8bit"
}

// sentences writes at least so many bytes of text, and returns how many they are without
// the encoding.
func (w *writer) sentences(size int, from []words, quoted bool) (decoded int) {
	for decoded < size {
		s := from[w.random.IntN(len(from))]
		decoded += len(s.plain)
		if quoted {
			w.string(s.quoted)
		} else {
			w.string(s.plain)
		}
	}
	return decoded
}

// pictured writes a text and HTML that shows a picture (RFC 2387, RFC 2392).
func (w *writer) pictured() {
	const id = "logo@" + mailer
	w.multipart("alternative", func(next func()) {
		next()
		w.words("text/plain", w.generator.shape.text.draw(w.random), w.material.words)
		next()
		w.multipart("related", func(next func()) {
			shown := words{plain: `<img src="cid:` + id + `">` + w.material.end}
			shown.quoted = strings.ReplaceAll(shown.plain, "=", "=3D")
			next()
			w.htmlWith(shown)
			next()
			w.tally.Parts++
			w.field("Content-Type: image/png; name=\"logo.png\"")
			w.field("Content-ID: <%s>", id)
			w.field("Content-Disposition: inline; filename=\"logo.png\"")
			w.base64(w.generator.shape.picture.draw(w.random))
		})
	})
}

// htmlWith writes HTML that begins with a line.
func (w *writer) htmlWith(first words) {
	w.tally.Parts++
	w.field("Content-Type: text/html; charset=utf-8")
	w.field("Content-Transfer-Encoding: quoted-printable%s", w.material.end)
	w.string(first.quoted)
	w.sentences(w.generator.shape.html.draw(w.random), w.material.markup, true)
}

// width is the number of characters of a base64 line.
func (w *writer) width() int { return w.material.width - len(w.material.end) }

// line returns a line of the block, with its end.
func (w *writer) line(i int) []byte {
	return w.material.block[i%lines*w.material.width:][:w.material.width]
}

// base64 writes so many bytes that do not compress: a line that no other attachment has,
// then the block from some line on, round and round.
func (w *writer) base64(size int) {
	w.field("Content-Transfer-Encoding: base64%s", w.material.end)
	var own [lineBytes]byte
	n := copy(own[:], fmt.Sprintf("%x %d %d %016x", w.generator.o.Seed, w.number, w.tally.Parts, w.random.Uint64()))
	for i := n; i < len(own); i++ {
		own[i] = byte(w.random.Uint32())
	}
	first := min(size, lineBytes)
	w.string(base64.StdEncoding.EncodeToString(own[:first]) + w.material.end)
	size -= first
	at := w.random.IntN(lines)
	for size >= lineBytes {
		many := min(size/lineBytes, lines-at)
		w.write(w.material.block[at*w.material.width:][:many*w.material.width])
		size -= many * lineBytes
		at = (at + many) % lines
	}
	if size > 0 {
		w.string(base64.StdEncoding.EncodeToString(own[:size]) + w.material.end)
	}
}
