package incoming_test

import (
	"path/filepath"
	"strings"
	"testing"

	"mailchute/jobs/incoming"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// Mail over a limit is found by its Message-ID, and filed under its subject when it is
// released.
func TestOverLimitsKeepsItsHeader(t *testing.T) {
	t.Parallel()
	const header = "Message-ID: <big@case.test>\r\nSubject: Too big\r\n"
	for name, row := range map[string]struct {
		limits  message.Limits
		content string
	}{
		"bytes":  {message.Limits{Bytes: 1000}, header + "\r\n" + strings.Repeat("x", 1000)},
		"header": {message.Limits{Header: 1000}, header + "X: " + strings.Repeat("x", 1000) + "\r\n\r\n"},
		"parts":  {message.Limits{Parts: 1}, header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "eml", with(func(o *incoming.Options) { o.Limits = row.limits }))
			w.library(library.Library{Name: "invoices"})
			w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+row.content)
			if x := w.explain(filepath.Join(w.dir, "drop", "1.eml")); x.MessageID != "<big@case.test>" {
				t.Errorf("explained: got Message-ID %q", x.MessageID)
			}
			if got := countsOf(w.drain()); got != (counts{held: 1}) {
				t.Errorf("got %+v, want it held", got)
			}
			held, err := w.store.HeldMail(t.Context())
			w.must(err)
			if len(held) != 1 || held[0].Item.MessageID != "<big@case.test>" || held[0].Outcome.Reason != "over-limits" {
				t.Fatalf("got %+v held, want it with its Message-ID", held)
			}
			if found, err := w.store.Trace(t.Context(), "<big@case.test>"); len(found) != 1 || err != nil {
				t.Errorf("trace: got %+v, %v; want it found", found, err)
			}
			done, err := w.release(held[0], incoming.Override{})
			w.must(err)
			if len(done.Paths) != 1 || done.Paths[0] != "Too big.eml" {
				t.Errorf("released as %q, want its original under its subject", done.Paths)
			}
			w.verify()
		})
	}
}
