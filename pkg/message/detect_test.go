package message_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

func TestSniffer(t *testing.T) {
	t.Parallel()
	program := "MZ\x90\x00\x03\x00\x00\x00" + strings.Repeat("\x00", 200)
	for bytes, want := range map[string]string{
		"":                            "text/plain",
		"%PDF-1.7\n":                  "application/pdf",
		program:                       "application/vnd.microsoft.portable-executable",
		"MZ;Name;Ort\n1;Müller;Ulm\n": "text/plain",
		"\x7fELF\x02\x01\x01":         "application/x-elf",
		"PK\x03\x04\x14\x00":          "application/zip",
		"plain words":                 "text/plain",
		"\x00\x01\x02\x03\x04":        "application/octet-stream",
	} {
		s := message.Sniffer{W: io.Discard}
		for _, c := range []byte(bytes) { // in pieces, as a decoder may write
			if _, err := s.Write([]byte{c}); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Detected(); got != want {
			t.Errorf("%.12q: got %s, want %s", bytes, got, want)
		}
	}
}

// What passes through is not changed, and only so much of it is kept.
func TestSnifferPassesOn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := message.Sniffer{W: &out}
	text := strings.Repeat("0123456789", 10_000)
	if n, err := s.Write([]byte(text)); n != len(text) || err != nil || out.String() != text {
		t.Errorf("wrote %d of %d bytes, %v", n, len(text), err)
	}
}
