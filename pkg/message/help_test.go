package message_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// crlf writes a test's text with the line ends of mail.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func parse(t *testing.T, raw string) *message.Message {
	t.Helper()
	m, err := message.NewParser(message.Limits{}).Parse(t.Context(), strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return m
}

func decode(t *testing.T, m *message.Message, i int) (string, message.Content) {
	t.Helper()
	var out bytes.Buffer
	c, err := m.Decode(t.Context(), i, &out)
	if err != nil {
		t.Fatalf("Decode part %s: %v", m.Parts[i].ID, err)
	}
	if c.Size != int64(out.Len()) || c.Digest.String() != digest(out.Bytes()) {
		t.Errorf("part %s: content says %d bytes, digest %s; written were %d bytes, digest %s",
			m.Parts[i].ID, c.Size, c.Digest, out.Len(), digest(out.Bytes()))
	}
	return out.String(), c
}
