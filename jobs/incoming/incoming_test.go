package incoming_test

import (
	"os"
	"path/filepath"
	"testing"

	"mailchute/pkg/library"
)

// letter is a message of one text and one attachment.
const letter = "Subject: Report\r\nMessage-ID: <1@case.test>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\n\r\nSee the attachment.\r\n--b\r\nContent-Type: text/csv; name=report.csv\r\nContent-Disposition: attachment\r\n\r\na;b\r\n--b--\r\n"

func TestMessageBecomesDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	w.drop("1.eml", "X-Sender: alice@case.test\r\nX-Receiver: invoices@case.test\r\n"+letter)
	sum := w.drain()
	if sum.Processed != 1 || sum.Filed != 1 || sum.Documents != 1 || sum.Errors != 0 || sum.Backlog != 0 {
		t.Errorf("got summary %+v, want one message filed as one document", sum)
	}
	docs := w.documents("invoices")
	if len(docs) != 1 || docs[0].Name != "report.csv" || docs[0].Author != "alice" {
		t.Fatalf("got documents %+v, want report.csv of alice", docs)
	}
	got, err := os.ReadFile(filepath.Join(w.dir, "libraries", docs[0].TreePath))
	if err != nil || string(got) != "a;b" {
		t.Errorf("got %q, %v in the tree, want the attachment", got, err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "drop", "1.eml")); !os.IsNotExist(err) {
		t.Errorf("got %v, want the drop file gone", err)
	}
	w.verify()
	t.Log(w.log.String())
}
