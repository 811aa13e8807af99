package incoming_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	signer "github.com/emersion/go-msgauth/dkim"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/dkim"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
)

// fromAlice is a message of alice's, who may contribute.
const fromAlice = "From: Alice <alice@case.test>\nSubject: x\nContent-Type: application/pdf; name=a.pdf\n\nbytes\n"

// signedFor makes a world whose feed has DKIM signatures verified by keys of a DNS, and a
// message of alice's that is signed.
func signedFor(t *testing.T, lookup func(context.Context, string) ([]string, error)) (*world, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	w := newWorld(t, "postfix", with(func(o *incoming.Options) {
		o.Feeds[0].DKIM, o.Feeds[0].Align = true, access.Alignment{Methods: access.AlignMethods()}
		o.DKIM = dkim.New(dkim.Options{Lookup: func(ctx context.Context, name string) ([]string, error) {
			if texts, err := lookup(ctx, name); err != nil || texts != nil {
				return texts, err
			}
			return []string{record}, nil
		}})
	}))
	w.library(library.Library{Name: "strict", Settings: library.Settings{SenderTrust: "aligned"}})
	w.must(os.MkdirAll(filepath.Join(w.dir, "drop", "new"), 0o755))
	var out bytes.Buffer
	w.must(signer.Sign(&out, strings.NewReader(strings.ReplaceAll(fromAlice, "\n", "\r\n")), &signer.SignOptions{
		Domain: "case.test", Selector: "s", Signer: private, HeaderKeys: []string{"From", "Subject"},
	}))
	return w, postfixTop("bounces@relay.test", "strict@case.test", "") + out.String()
}

// A signature that we verify proves the From of its domain, and the author is that alone.
func TestVerifiedSignature(t *testing.T) {
	t.Parallel()
	w, mail := signedFor(t, func(context.Context, string) ([]string, error) { return nil, nil })
	w.drop("new/signed", mail)
	w.checkExplained(w.explain(filepath.Join(w.dir, "drop", "new", "signed")), w.drain())
	if got := w.authorOrReason("strict"); got != "alice" {
		t.Errorf("got %s, want alice", got)
	}
	docs := w.documents("strict")
	if len(docs) != 1 || docs[0].Rung != access.Aligned || !strings.Contains(docs[0].Evidence, "dkim passes for case.test") {
		t.Errorf("got %+v, want a document of an aligned sender, with the evidence", docs)
	}
}

// A signature that is not good proves nothing.
func TestBadSignature(t *testing.T) {
	t.Parallel()
	w, mail := signedFor(t, func(context.Context, string) ([]string, error) { return nil, nil })
	w.drop("new/signed", strings.Replace(mail, "bytes", "bites", 1))
	w.drain()
	if got := w.authorOrReason("strict"); got != "not-authenticated" {
		t.Errorf("got %s, want not-authenticated", got)
	}
}

// While the DNS gives no answer the message waits: it is neither filed nor rejected, and
// held only when it has waited for as long as a failure of its own may last.
func TestNoKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("connection refused")
		w, mail := signedFor(t, func(context.Context, string) ([]string, error) { return nil, down })
		w.drop("new/signed", mail)
		if sum := w.drain(); sum.Deferred != 1 || sum.Processed != 1 {
			t.Errorf("no answer: got %+v, want the message deferred", sum)
		}
		time.Sleep(2 * time.Minute)
		down = nil
		w.drain()
		if got := w.authorOrReason("strict"); got != "alice" {
			t.Errorf("the DNS is back: got %s, want alice", got)
		}

		down = errors.New("connection refused")
		w2, mail := signedFor(t, func(context.Context, string) ([]string, error) { return nil, down })
		w2.drop("new/signed", mail)
		held := 0
		for range 24 * 14 {
			held += w2.drain().Held
			time.Sleep(time.Hour)
		}
		if held != 1 {
			t.Errorf("after two weeks: %d messages held, want the one", held)
		}
		if got := w2.authorOrReason("strict"); got != "too-many-attempts" {
			t.Errorf("after two weeks: got %s, want too-many-attempts", got)
		}
	})
}

// A stranger whose DNS gives no answer keeps no mail waiting: nothing depends on it.
func TestNoKeyOfAStranger(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]counts{"": {held: 1}, "authenticated_only=true": {deferred: 1}, "sender_block=a.test": {deferred: 1}} {
		w, mail := signedFor(t, func(context.Context, string) ([]string, error) { return nil, errors.New("connection refused") })
		if key, value, ok := strings.Cut(policy, "="); ok {
			w.must(w.store.SetSettings(t.Context(), map[string]string{key: value}))
		}
		w.drop("new/signed", strings.Replace(mail, "alice@case.test", "mallory@case.test", 1))
		if got := countsOf(w.drain()); got != want {
			t.Errorf("%q: got %+v, want %+v", policy, got, want)
		}
	}
}

// What the feed's MTA found out counts without a signature, and only for a single From.
func TestAligned(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, results, from, want string }{
		{"dmarc", "dmarc=pass header.from=case.test", "From: alice@case.test\n", "alice"},
		{"dmarc of another domain", "dmarc=pass header.from=evil.test", "From: alice@case.test\n", "not-authenticated"},
		{"two From fields", "dmarc=pass header.from=case.test", "From: alice@case.test\nFrom: bob@case.test\n", "ambiguous-sender"},
		{"no result", "none", "From: alice@case.test\n", "not-authenticated"},
		{"another user", "dmarc=pass header.from=case.test", "From: bob@case.test\n", "no-permission"},
	} {
		w := newWorld(t, "postfix", with(func(o *incoming.Options) {
			f, err := drop.FormatNamed(o.Feeds[0].Format)
			if err != nil {
				t.Fatal(err)
			}
			f.AuthservID = "mx.case.test"
			o.Feeds[0].Reads, o.Feeds[0].Align = &f, access.Alignment{Methods: access.AlignMethods()}
		}))
		w.library(library.Library{Name: "strict", Settings: library.Settings{SenderTrust: "aligned"}})
		w.must(os.MkdirAll(filepath.Join(w.dir, "drop", "new"), 0o755))
		top := postfixTop("alice@case.test", "strict@case.test", "Authentication-Results: mx.case.test; "+row.results+"\n")
		w.drop("new/a", top+strings.Replace(fromAlice, "From: Alice <alice@case.test>\n", row.from, 1))
		w.checkExplained(w.explain(filepath.Join(w.dir, "drop", "new", "a")), w.drain())
		if got := w.authorOrReason("strict"); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}
