package message_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/message"
)

func parsed(t *testing.T, text string) *message.Message {
	t.Helper()
	m, err := message.NewParser(message.Limits{}).Parse(t.Context(), strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMarks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		header string
		want   message.Marks
	}{
		{"Subject: x\n", message.Marks{}},
		{"Received: a\r\n\tReceived: no\r\nRECEIVED: b\r\nreceived : c\r\nX-Received: d\r\n", message.Marks{Received: 3}},
		{"X-Loop: a@example.com\nX-Loop:\n b@example.com\n", message.Marks{Loops: []string{"a@example.com", "b@example.com"}}},
		{"Auto-Submitted: auto-replied (vacation)\n", message.Marks{Automatic: "auto-submitted: auto-replied"}},
		{"Auto-Submitted:\n Auto-Replied\n", message.Marks{Automatic: "auto-submitted: auto-replied"}},
		{"Auto-Submitted: auto-generated\n", message.Marks{}},
		{"Auto-Submitted: no\n", message.Marks{}},
		{"Precedence: bulk\n", message.Marks{}},
		{"Precedence: auto_reply\n", message.Marks{Automatic: "precedence: auto_reply"}},
		{"X-Autoreply: yes\n", message.Marks{Automatic: "x-autoreply"}},
		{"Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=b\n", message.Marks{Automatic: "a report: delivery-status"}},
		{"Content-Type: multipart/report; boundary=b; report-type=\"disposition-notification\"\n", message.Marks{Automatic: "a report: disposition-notification"}},
		{"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n", message.Marks{}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsed(t, tt.header+"\nReceived: body\n").Marks); diff != "" {
			t.Errorf("%q: want -, got +\n%s", tt.header, diff)
		}
	}
	if got := parsed(t, strings.Repeat("X-Loop: a\n", 100)+"\n").Marks.Loops; len(got) != 20 {
		t.Errorf("got %d of 100 X-Loop fields, want 20", len(got))
	}
}

func TestFromFields(t *testing.T) {
	t.Parallel()
	tests := []struct {
		header string
		want   []string
	}{
		{"Subject: x\n", nil},
		{"From: a@example.com\n", []string{"a@example.com"}},
		{"From: Alice\r\n\t<a@example.com>\r\nTo: b\r\n", []string{"Alice\t<a@example.com>"}},
		{"FROM : a@example.com\nfrom:b@example.com\n", []string{"a@example.com", "b@example.com"}},
		{"X-From: a@example.com\nFrom-X: b\nResent-From: c\n", nil},
		{"From:\n", []string{""}},
		{"From: a@example.com\nno field\nTo: x\n", []string{"a@example.com"}},
		{"Subject: x\rFrom: b@example.com\nFrom: a@example.com\n", []string{"b@example.com", "a@example.com"}},
		{"From: a@example.com\rFrom: b@example.com\n", []string{"a@example.com\rFrom: b@example.com", "b@example.com"}},
		{"X: \rfrom: a\rfrom: b\r\n c\rd\n", []string{"a", "b c"}},
		{"X: \rfrom: a\r b\n", []string{"a\r b"}},
		{"From: a@example.com\x00\n", []string{"a@example.com\x00"}},
		{"From: \xff@example.com\n", []string{"\xff@example.com"}},
		{"Subject: x\n\nFrom: body@example.com\n", nil},
	}
	for _, tt := range tests {
		got, err := parsed(t, tt.header+"\nbody\n").FromFields(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q: want -, got +\n%s", tt.header, diff)
		}
	}
}

// However many From fields one line hides, their values are no longer than it is.
func TestFromFieldsLinear(t *testing.T) {
	t.Parallel()
	const fields = 5000
	got, err := parsed(t, "X: "+strings.Repeat("\rfrom:a", fields)+"\n\n").FromFields(t.Context())
	if size := len(strings.Join(got, "")); err != nil || len(got) != fields || size != fields {
		t.Errorf("got %d values of %d bytes, %v", len(got), size, err)
	}
}
