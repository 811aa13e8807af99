package main

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/jobs/incoming"
	"mailchute/store"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testProgress) // time stands still there
}

func testProgress(t *testing.T) {
	t.Helper()
	var b bytes.Buffer
	p := newProgress(&b)
	p.report(incoming.Progress{Processed: 1})
	if b.Len() > 0 {
		t.Errorf("in a pipe: got %q, want nothing", &b)
	}

	p.started = time.Now()
	p.report(incoming.Progress{Processed: 1})
	if b.Len() > 0 {
		t.Errorf("in the first second: got %q, want nothing", &b)
	}

	p.started = time.Now().Add(-progressAfter)
	p.report(incoming.Progress{Processed: 1, Documents: 2})
	p.report(incoming.Progress{Processed: 2, Documents: 2})
	const line = "1 message, 2 documents, 0 not filed …"
	if b.String() != line {
		t.Errorf("after a second: got %q, want %q once", &b, line)
	}

	b.Reset()
	if _, err := fmt.Fprintln(p, "event"); err != nil {
		t.Fatal(err)
	}
	const away = "\r\x1b[K"
	if want := away + "event\n" + line; b.String() != want {
		t.Errorf("an event: got %q, want %q", &b, want)
	}

	b.Reset()
	p.hide()
	p.shown = time.Time{}
	p.verifying(store.VerifyProgress{Check: "blobs", Done: 1 << 20, Total: 3 << 30})
	if want := away + "checking blobs: 1.0 MB of 3.0 GB …"; b.String() != want {
		t.Errorf("verify: got %q, want %q", &b, want)
	}
	b.Reset()
	p.shown = time.Time{}
	p.verifying(store.VerifyProgress{Check: "books", Done: 12})
	if want := away + "checking books: 12 …"; b.String() != want {
		t.Errorf("verify: got %q, want %q", &b, want)
	}

	b.Reset()
	p.end()
	p.report(incoming.Progress{Processed: 9})
	if b.String() != away {
		t.Errorf("at the end: got %q, want %q", &b, away)
	}
}
