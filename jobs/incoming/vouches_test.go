package incoming_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
)

// vouchedFor makes a world whose feed reads a format with trust, and libraries that ask
// for proven senders: strict takes mail of contributors, open of anyone.
func vouchedFor(t *testing.T, format string, change func(*drop.Format)) *world {
	t.Helper()
	reads, err := drop.FormatNamed(format)
	if err != nil {
		t.Fatal(err)
	}
	change(&reads)
	w := newWorld(t, format, with(func(o *incoming.Options) { o.Feeds[0].Reads = &reads }))
	w.library(library.Library{Name: "strict", Settings: library.Settings{SenderTrust: "proven"}})
	w.library(library.Library{Name: "open", Settings: library.Settings{SenderTrust: "proven", Accept: library.AcceptAnyone}})
	w.must(os.MkdirAll(filepath.Join(w.dir, "drop", "new"), 0o755))
	return w
}

// postfixTop is what Postfix writes above a message, with lines of PREPEND.
func postfixTop(sender, recipient, prepended string) string {
	return "Return-Path: <" + sender + ">\nX-Original-To: " + recipient + "\nDelivered-To: " + recipient + "\n" + prepended +
		"Received: from c (c [192.0.2.1])\n\tby mx.case.test (Postfix) with ESMTP id 1\n"
}

// Who sent a message is who the lines say that the feed vouches for, and nobody else.
func TestVouches(t *testing.T) {
	t.Parallel()
	authHeader := func(f *drop.Format) { f.AuthHeader = true }
	domains := func(f *drop.Format) { f.LoginDomains = []string{"case.test"} }
	both := func(f *drop.Format) { f.AuthHeader, f.AuthservID = true, "mx.case.test" }
	for _, row := range []struct {
		name              string
		trust             func(*drop.Format)
		sender, prepended string
		strict            string // the author, or why the message is held
		open              string // the author
	}{
		{"nobody vouches", func(*drop.Format) {}, "alice@case.test", "X-Drop-Auth: alice@case.test\n", "not-authenticated", access.SystemAccount},
		{"the login's address", authHeader, "bob@case.test", "X-Drop-Auth: Alice@case.test\n", "alice", "alice"},
		{"the login", authHeader, "bob@case.test", "X-Drop-Auth: alice\n", "alice", "alice"},
		{"a login without rights, in another's name", authHeader, "alice@case.test", "X-Drop-Auth: bob@case.test\n", "no-permission", "bob"},
		{"nobody's login", authHeader, "alice@case.test", "X-Drop-Auth: mallory\n", "no-permission", access.SystemAccount},
		{"nobody's login that is an address", authHeader, "alice@case.test", "X-Drop-Auth: mallory@case.test\n", "no-permission", access.SystemAccount},
		{"a login that looks like an address", authHeader, "bob@case.test", "X-Drop-Auth: alice@case\u3002test\n", "ambiguous-sender", access.SystemAccount},
		{"no login", authHeader, "alice@case.test", "", "not-authenticated", access.SystemAccount},
		{"a domain with logins", domains, "alice@case.test", "", "alice", "alice"},
		{"another domain", domains, "alice@elsewhere.test", "", "not-authenticated", access.SystemAccount},
		{"the null sender", domains, "", "", "not-authenticated", access.SystemAccount},
		{
			"logins that differ", both, "alice@case.test", "X-Drop-Auth: alice\nAuthentication-Results: mx.case.test; auth=pass smtp.auth=bob\n",
			"ambiguous-sender", access.SystemAccount,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := vouchedFor(t, "postfix", row.trust)
			for _, to := range []string{"strict", "open"} {
				w.drop("new/"+to, postfixTop(row.sender, to+"@case.test", row.prepended)+"X-To: "+to+"\nX-Drop-Auth: alice\n"+letter)
				w.checkExplained(w.explain(filepath.Join(w.dir, "drop", "new", to)), w.drain())
			}
			if got := w.authorOrReason("strict"); got != row.strict {
				t.Errorf("strict: got %s, want %s", got, row.strict)
			}
			if got := w.authorOrReason("open"); got != row.open {
				t.Errorf("open: got %s, want %s", got, row.open)
			}
		})
	}
}

// authorOrReason returns the author of a library's one document; where it has none, why
// the one message that is held for it is.
func (w *world) authorOrReason(name string) string {
	w.t.Helper()
	if docs := w.documents(name); len(docs) > 0 {
		d := docs[0]
		if d.Rung == access.Proven && !strings.Contains(d.Evidence, ", line ") {
			w.t.Errorf("got a document of a proven sender by %q, want the line that proves it", d.Evidence)
		}
		return d.Author
	}
	held, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	for _, h := range held {
		if strings.HasPrefix(h.Outcome.RecipientKey, name+"@") {
			return string(h.Outcome.Reason)
		}
	}
	return ""
}

// What "mailchute put -u" writes is proven where the feed vouches for it.
func TestVouchesForPut(t *testing.T) {
	t.Parallel()
	w := vouchedFor(t, "drop-write", func(f *drop.Format) { f.AuthHeader = true })
	env, err := drop.NewEnvelope("bob@case.test", []string{"strict@case.test"}, "alice")
	w.must(err)
	fsys, err := durable.Open(filepath.Join(w.dir, "drop"))
	w.must(err)
	_, err = drop.Write(t.Context(), fsys, env, strings.NewReader("X-Drop-Auth: bob\n"+letter))
	w.must(errors.Join(err, fsys.Close()))
	w.drain()
	if got, want := w.authorOrReason("strict"), "alice"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A file whose first Received line is another host's is held, and can be released.
func TestReceivedByAnother(t *testing.T) {
	t.Parallel()
	w := vouchedFor(t, "postfix", func(f *drop.Format) { f.ReceivedBy = "other.test" })
	w.drop("new/1", postfixTop("alice@case.test", "open@case.test", "")+letter)
	x := w.explain(filepath.Join(w.dir, "drop", "new", "1"))
	if x.Reason != "no-envelope" || !strings.Contains(x.Detail, "line 4: the first received says by mx.case.test, not by other.test") || len(x.Lines) != 3 {
		t.Errorf("got %+v, want it held for line 4", x)
	}
	w.checkExplained(x, w.drain())
}

// What a custom format holds is released as the feed reads it.
func TestReleaseOfACustomFormat(t *testing.T) {
	t.Parallel()
	w := vouchedFor(t, "custom", func(f *drop.Format) { f.Sender, f.Recipient, f.AuthHeader = "x-from", "x-to", true })
	w.drop("new/1", "X-From: <bob@case.test>\nX-To: strict@case.test\nX-Drop-Auth: bob\nReceived: x\n"+letter)
	w.drain()
	held, err := w.store.HeldMail(t.Context())
	w.must(err)
	if len(held) != 1 || held[0].Outcome.Reason != "no-permission" {
		t.Fatalf("got %+v, want one held for want of a right", held)
	}
	got, err := w.release(held[0], incoming.Override{})
	w.must(err)
	if got.Library != "strict" || got.Author != "bob" || len(got.Paths) != 1 {
		t.Errorf("got %+v, want it in strict, by bob", got)
	}
}

// A file elsewhere is explained as a feed reads it, with its trust, or by its format alone.
func TestExplainAsAFeed(t *testing.T) {
	t.Parallel()
	w := vouchedFor(t, "postfix", func(f *drop.Format) { f.AuthHeader = true })
	file := filepath.Join(t.TempDir(), "any")
	w.write(file, postfixTop("bob@case.test", "strict@case.test", "X-Drop-Auth: alice\n")+letter)
	for _, row := range []struct{ format, feed, want string }{
		{"", w.options().Feeds[0].Name, "proven"}, {"postfix", "", "claimed"},
	} {
		x, err := incoming.Explain(t.Context(), w.options(), file, row.format, row.feed)
		if err != nil || x.Sender.Rung.String() != row.want {
			t.Errorf("%+v: got %+v, %v", row, x.Sender, err)
		}
	}
	if x, err := incoming.Explain(t.Context(), w.options(), file, "", "absent"); err == nil {
		t.Errorf("got %+v of a feed that is not there", x)
	}
}

// A library that asks for proven senders is worth a warning only where no feed shows any.
func TestCheckTrustKnowsTheFeeds(t *testing.T) {
	t.Parallel()
	for vouches, warnings := range map[bool]int{true: 0, false: 2} {
		w := vouchedFor(t, "postfix", func(f *drop.Format) { f.AuthHeader = vouches })
		n := 0
		for _, c := range w.job.Check(t.Context()) {
			if c.Warning && strings.Contains(c.Detail, "the feeds show no more than") {
				n++
			}
		}
		if n != warnings {
			t.Errorf("the feed vouches %v: got %d warnings, want %d", vouches, n, warnings)
		}
	}
}
