package incoming_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/testdata"
)

// spoofed is a line of the corpus' EXPECT.jsonl.
type spoofed struct {
	File         string
	Spoof        bool
	Description  string
	EnvelopeFrom string `json:"envelope_from"`
}

// The spoofed messages of the corpus are nobody's, below each mail system's honest lines
// and whatever of theirs the mail system has found to pass.
func TestSpoofedCorpus(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	var all []trial
	for _, m := range readLines[spoofed](t, filepath.Join(dir, "EXPECT.jsonl")) {
		if !m.Spoof {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, m.File))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spoofs(m, string(raw))...)
	}
	if len(all) < 8*len(drop.Formats()) {
		t.Fatalf("got %d drop files of spoofed messages, want 8 or more in each format", len(all))
	}
	checkTrials(t, all, func(t *testing.T, c trial, got map[string]string) {
		if got["anyone"] != "nobody" || slices.Contains([]string{victim, "nobody", "bob"}, got["aligned"]) ||
			slices.Contains([]string{victim, "nobody", "bob"}, got["proven"]) {
			t.Errorf("%s: %s\ngot %v, want nobody, and nothing filed where a rung is asked for", c.name, c.threat, got)
		}
	})
}

// spoofs are the drop files of a spoofed message: in each format, with the results of the
// sender's own domain, and of the claimed one where only that domain's own mail system
// could be fooled.
func spoofs(m spoofed, raw string) (all []trial) {
	from := strings.Trim(m.EnvelopeFrom, "<>")
	_, domain, _ := strings.Cut(from, "@")
	results := map[string]string{
		"own":     "Authentication-Results: mx.drop.test; spf=pass smtp.mailfrom=" + domain + "; dkim=pass header.d=" + domain + "; dmarc=pass header.from=" + domain,
		"claimed": "Authentication-Results: mx.drop.test; dmarc=pass header.from=legitimate.com; dkim=pass header.d=example.com",
	}
	if strings.HasSuffix(domain, ".legitimate.com") { // a host that does not exist, and an honest From
		results = map[string]string{"own": "Authentication-Results: mx.drop.test; spf=none smtp.mailfrom=" + domain}
	}
	message := strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "{", "{byte 7b}")
	for _, format := range drop.Formats() {
		for whose, field := range results {
			c := trial{
				name: format + "/" + whose + "/" + path.Base(m.File), threat: m.Description, from: from, crlf: true,
				feed: format + " vouches=auth-header,authentication-results authserv_id=mx.drop.test dkim=verify",
				text: "{zone}\n" + field + "\n{received}\n" + message,
			}
			if format == "iis" { // its block ends at Received
				c.feed += " authserv_place=first-below-received"
				c.text = "{zone}\n{received}\n" + field + "\n" + message
			}
			all = append(all, c)
		}
	}
	return all
}

// What real mail systems left of forged lines makes nobody the author, and opens no
// library that asks for a rung.
func TestForgedDropfiles(t *testing.T) {
	t.Parallel()
	root := shared(t, "dropfiles")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		for _, accept := range []library.Accept{library.AcceptAnyone, library.AcceptContributors} {
			t.Run(e.Name()+"/"+string(accept), func(t *testing.T) {
				t.Parallel()
				checkForged(t, filepath.Join(root, e.Name()), e.Name(), accept)
			})
		}
	}
}

// loggedIn is a sample with its sender's login: as its client gave it, and as the mail
// system wrote it into the lines of its format.
type loggedIn struct {
	sample
	AuthenticatedAs string `json:"authenticated_as"`
	Auth            string
}

func checkForged(t *testing.T, dir, folder string, accept library.Accept) {
	writer := testdata.Writers()[folder]
	reads, err := drop.FormatNamed(writer.Format)
	if err != nil {
		t.Fatal(err)
	}
	if reads.Custom {
		reads.Maildir, reads.Pattern, reads.EmptyIsNull = writer.Pattern == "", writer.Pattern, writer.EmptyIsNull
		reads.Sender, reads.Recipient, reads.List = writer.Sender, writer.Recipient, writer.List
	}
	reads.AuthHeader, reads.AuthservID, reads.BelowReceived = reads.Auth != "", "mx.drop.test", folder == "postfix-rspamd"
	w := newTrialFarm(t, "postfix", func(o *incoming.Options) { o.Feeds[0].Format, o.Feeds[0].Reads = reads.Name, &reads })
	w.must(w.store.SetUser(t.Context(), "alice", func(u *access.User) error { u.Addresses = []string{"alice@drop.test"}; return nil }))

	logins, samples := w.putForged(dir, reads)
	w.librariesFor(samples)
	libraries, err := w.store.Libraries(t.Context())
	w.must(err)
	for _, l := range libraries {
		w.must(w.store.SetLibrary(t.Context(), l.Name, func(l *library.Library) error {
			l.Settings.Accept, l.Settings.SenderTrust = accept, "aligned"
			return nil
		}))
	}
	sum := w.drain()
	w.checkAuthors(sum.Run, logins, accept)
}

// putForged puts the samples of a folder into the drop folder, and returns the logins of
// those that have one, by file name.
func (w *world) putForged(dir string, reads drop.Format) (logins map[string]string, samples []sample) {
	w.t.Helper()
	logins = map[string]string{}
	data, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	w.must(err)
	var all []loggedIn
	w.must(json.Unmarshal(data, &all))
	for _, s := range all {
		if s.State != "complete" && s.State != "hold" {
			continue
		}
		if reads.BelowReceived { // it stands in Authentication-Results
			s.Auth = s.AuthenticatedAs
		}
		file := w.put(filepath.Join(dir, "drop"), s.File, reads.Maildir)
		logins[path.Base(file)] = localOf(s.Auth)
		samples = append(samples, s.sample)
	}
	return logins, samples
}

// checkAuthors fails where a document's author is another than who has logged in, where who
// has logged in has none, and where a library for contributors has one of nobody's.
func (w *world) checkAuthors(run string, logins map[string]string, accept library.Accept) {
	w.t.Helper()
	files := map[store.Key][]string{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			files[p.Key] = append(files[p.Key], p.File)
		}
		return nil
	}))
	libraries, err := w.store.Libraries(w.t.Context())
	w.must(err)
	proved := map[string]bool{}
	for _, l := range libraries {
		for _, d := range w.documents(l.Name) {
			for _, file := range files[d.Key] {
				proved[file] = proved[file] || d.Author != access.SystemAccount
			}
			honest := func(file string) bool { return logins[file] == d.Author }
			if d.Author == access.SystemAccount && accept == library.AcceptAnyone {
				honest = func(file string) bool { return logins[file] == "" }
			}
			if !slices.ContainsFunc(files[d.Key], honest) {
				w.t.Errorf("%v: library %s has a document of %s (%s, %s)", files[d.Key], l.LocalPart, d.Author, d.Rung, d.Evidence)
			}
		}
	}
	for file, login := range logins {
		if proved[file] != (login != "") {
			w.t.Errorf("%s: got a document of a person's: %v, want one by the login %q", file, proved[file], login)
		}
	}
}
