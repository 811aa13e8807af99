package message_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

// withAttachment makes a message with a text and one base64 attachment of n bytes.
func withAttachment(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	var b bytes.Buffer
	b.WriteString("From: a@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=\"----=_B\"\r\n\r\n------=_B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
	b.WriteString(strings.Repeat("A line of text as people write it.\r\n", 20))
	b.WriteString("\r\n------=_B\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n")
	chars := base64.StdEncoding.EncodeToString(data)
	for len(chars) > 76 {
		b.WriteString(chars[:76] + "\r\n")
		chars = chars[76:]
	}
	fmt.Fprintf(&b, "%s\r\n------=_B--\r\n", chars)
	return b.Bytes()
}

// BenchmarkParse reads a message and decodes all of its parts.
func BenchmarkParse(b *testing.B) {
	for _, size := range []int{10 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			raw := withAttachment(size)
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
		})
	}
}
