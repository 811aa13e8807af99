package message_test

import (
	"bytes"
	"strings"
	"testing"

	"mailchute/pkg/message"
)

func TestIndexDashes(t *testing.T) {
	t.Parallel()
	few := []string{
		"", "\n", "\n-", "\n--", "--", "---", "\n---", "x\n--", "x--\n--", "\r\n--", "-\n--", "--\n-", "--\n-x\n--y", "\n\n--", "\n-\n--",
		strings.Repeat("QUJD", 1000) + "\n--",
	}
	for _, s := range few {
		checkIndexDashes(t, s)
	}
	for _, many := range []string{"x--", "--x", "---", "x-", "\n-", "x--x\n"} {
		s := strings.Repeat(many, 200)
		checkIndexDashes(t, s)
		checkIndexDashes(t, s+"\n--"+s)
		checkIndexDashes(t, s+"\n--")
	}
}

func checkIndexDashes(t *testing.T, s string) {
	t.Helper()
	if got, want := message.IndexDashes([]byte(s)), strings.Index(s, "\n--"); got != want {
		t.Errorf("%.40q (%d bytes): got %d, want %d", s, len(s), got, want)
	}
}

func FuzzIndexDashes(f *testing.F) {
	f.Add([]byte("a\r\n--b"), []byte("--x"), 3)
	f.Fuzz(func(t *testing.T, a, b []byte, n int) {
		s := bytes.Join([][]byte{a, bytes.Repeat(b, max(0, min(n, 100))), a}, nil)
		checkIndexDashes(t, string(s))
	})
}
