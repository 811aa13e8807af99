package workload

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
)

const (
	lineBytes = 57   // decoded bytes of a base64 line of 76 characters (RFC 2045 §6.8)
	lines     = 4096 // of the block
)

// newBlock returns bytes that do not compress, and that no other seed has.
func newBlock(seed uint64) []byte {
	block := make([]byte, lines*lineBytes)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range block {
		block[i] = byte(r.Uint32())
	}
	return block
}

// material is what messages with one kind of line end are cut from.
type material struct {
	end    string
	block  []byte // lines of base64, each with its end
	width  int    // of such a line
	words  []words
	markup []words
}

// words is a line of text with its end, as it is and in quoted-printable.
type words struct{ plain, quoted string }

func newMaterial(block []byte, end string) material {
	m := material{end: end, width: base64.StdEncoding.EncodedLen(lineBytes) + len(end)}
	m.block = make([]byte, 0, lines*m.width)
	for i := range lines {
		m.block = base64.StdEncoding.AppendEncode(m.block, block[i*lineBytes:][:lineBytes])
		m.block = append(m.block, end...)
	}
	for _, s := range sentences {
		m.words = append(m.words, newWords(s, end))
		m.markup = append(m.markup, newWords("<p style=\"margin:0 0 1em 0\">"+s+"</p>", end))
	}
	return m
}

func newWords(s, end string) words {
	var b bytes.Buffer
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(s)) // a Buffer never fails
	_ = q.Close()
	return words{plain: s + end, quoted: strings.ReplaceAll(b.String(), "\r\n", end) + end}
}

// sentences are what texts are made of.
var sentences = []string{
	"Dear all, please find the documents for the meeting on Thursday attached to this message.",
	"Sehr geehrte Damen und Herren, anbei erhalten Sie die Rechnung über unsere Lieferung.",
	"The figures of the last quarter are in the second table; the first one is unchanged.",
	"Bitte prüfen Sie die Beträge (netto 4.200,00 €) und geben Sie uns bis Freitag Bescheid.",
	"Bonjour, voici le procès-verbal signé; la pièce jointe remplace celle d'hier.",
	"As agreed on the phone, we have moved the delivery to the warehouse in the north.",
	"invoice;customer;date;net;tax;gross;paid",
	"2041;Møller & Søn A/S;2026-01-12;1200,00;228,00;1428,00;yes",
	"2042;Grünwald GmbH;2026-01-13;340,50;64,70;405,20;no",
	"2043;Example Ltd;2026-01-14;18990,00;3608,10;22598,10;no",
	"Could you have a look at page 3 = the drawing of the second floor, and tell me what you think?",
	"Mit freundlichen Grüßen",
	"Kind regards",
	"",
	"On Monday the office wrote:",
	"> Thank you, we have received the order and will confirm the date as soon as possible.",
	"> Gern; die Unterlagen gehen Ihnen heute noch zu, spätestens aber morgen früh.",
	"--- this line begins like a delimiter and is none",
}
