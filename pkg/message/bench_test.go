package message_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

// envelope is the header of an ordinary message, without its Content fields.
const envelope = "Received: from mx.example.net (mx.example.net [192.0.2.1])\r\n\tby mail.example.org (Postfix) with ESMTPS id 4XyZ123abc\r\n" +
	"\tfor <invoices@example.org>; Mon, 23 Nov 2026 10:11:12 +0000 (UTC)\r\n" +
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=mail;\r\n\th=from:to:subject:date; bh=c29tZWJhc2U2NGRpZ2VzdDEyMzQ1Njc4OTA=;\r\n" +
	"\tb=bm90IGEgc2lnbmF0dXJlLCBidXQgYXMgbG9uZyBhcyBvbmU7IGl0IGdvZXMgb24gZm9yIGEgd2hpbGU=\r\n" +
	"Message-ID: <20261123101112.1234@mx.example.net>\r\nDate: Mon, 23 Nov 2026 10:11:12 +0000\r\n" +
	"From: =?utf-8?q?J=C3=B6rg?= <a@example.net>\r\nTo: Invoices <invoices@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from here\r\n" +
	"MIME-Version: 1.0\r\nX-Mailer: a program 1.2.3\r\n"

// mixed writes a multipart/mixed of entities, each with its own header.
func mixed(entities ...string) string {
	var b strings.Builder
	b.WriteString(envelope + "Content-Type: multipart/mixed; boundary=\"----=_B_1\"\r\n\r\n")
	for _, e := range entities {
		b.WriteString("------=_B_1\r\n" + e + "\r\n")
	}
	return b.String() + "------=_B_1--\r\n"
}

// prose is n bytes of text in lines.
func prose(n int) string {
	const line = "A line of text as people write it, with some words more.\r\n"
	return strings.Repeat(line, n/len(line)+1)
}

// attached is a PDF of n bytes in base64.
func attached(n int) string {
	return "Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n" + folded(noise(n))
}

// noise is n bytes that no compression would make less.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	return data
}

// quoted writes text as quoted-printable.
func quoted(text string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

const (
	plainText = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	plainHTML = "Content-Type: text/html; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	shownPNG  = "Content-Type: image/png; name=\"logo.png\"\r\nContent-ID: <logo@example.net>\r\nContent-Disposition: inline; filename=\"logo.png\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n"
)

// BenchmarkParse reads a message and decodes all of its parts.
func BenchmarkParse(b *testing.B) {
	attachment := mixed(plainText+prose(1000), attached(1<<20))
	tests := []struct{ name, raw string }{
		{"text", envelope + plainText + prose(2000)},
		{"inline", mixed(plainHTML+strings.Repeat("<p style=\"color: red\">Words</p><img src=\"cid:logo@example.net\">\r\n", 400), shownPNG+folded(noise(8000)))},
		{"attachment10K", mixed(plainText+prose(1000), attached(10<<10))},
		{"attachment1M", attachment},
		{"attachment1MLF", strings.ReplaceAll(attachment, "\r\n", "\n")},
		{"quoted", mixed("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted(strings.Repeat("Größe, Maße und Gewicht = alles. ", 1500)))},
		{"parts1000", mixed(strings.Split(strings.Repeat(plainText+"x\x00", 1000), "\x00")[:1000]...)},
		{"nested", unclosed(50)},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) { benchmarkMessage(b, []byte(tt.raw)) })
	}
}

// benchmarkMessage reads a message with one parser again and again, and decodes it.
func benchmarkMessage(b *testing.B, raw []byte) {
	p := message.NewParser(message.Limits{})
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := p.Parse(b.Context(), bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			b.Fatal(err)
		}
		for i := range m.Parts {
			if _, err := m.Decode(b.Context(), i, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkDecode undoes each transfer encoding of 1 MiB of data, without the header and
// the structure around it.
func BenchmarkDecode(b *testing.B) {
	data := noise(1 << 20)
	chars := folded(data)
	damaged := []byte(chars)
	for i := 1000; i < len(damaged); i += 100_000 {
		damaged[i] = '!'
	}
	tests := []struct{ name, encoding, body string }{
		{"base64", "base64", chars},
		{"base64LF", "base64", strings.ReplaceAll(chars, "\r\n", "\n")},
		{"base64Damaged", "base64", string(damaged)},
		{"base64Blanks", "base64", strings.ReplaceAll(chars, "\r\n", " \r\n")},
		{"quotedText", "quoted-printable", quoted(prose(1 << 20))},
		{"quotedAccents", "quoted-printable", quoted(strings.Repeat("Größe, Maße und Gewicht = alles. ", 30_000))},
		{"8bit", "8bit", prose(1 << 20)},
		{"uuencode", "x-uuencode", uuencoded(data)},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			raw := fmt.Sprintf("Content-Transfer-Encoding: %s\r\n\r\n%s", tt.encoding, tt.body)
			m, err := message.NewParser(message.Limits{}).Parse(b.Context(), strings.NewReader(raw), int64(len(raw)))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(tt.body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Decode(b.Context(), 0, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
