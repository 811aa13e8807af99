package incoming_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/address"
	"mailchute/pkg/library"
	"mailchute/store"
)

// writers are the sample folders by the format that reads them.
var writers = map[string][]string{
	"postfix": {
		"postfix", "postfix-local", "postfix-maildrop", "postfix-procmail", "postfix-dovecotlda", "postfix-plain",
		"postfix-catchall", "postfix-opendkim", "postfix-rspamd",
	},
	"iis":        {"iis-smtp"},
	"drop-write": {"postfix-pipe", "sendmail", "opensmtpd-mda"},
}

// sample is a file in a writer's samples.json.
type sample struct {
	File       string
	Probe      string
	Sender     string
	Recipients []string
	State      string
}

// The envelope of every file that a real MTA left is the one that its client sent, and
// what the client forged is never believed.
func TestDropfiles(t *testing.T) {
	t.Parallel()
	root := shared(t, "dropfiles")
	for format, folders := range writers {
		for _, folder := range folders {
			t.Run(folder, func(t *testing.T) {
				t.Parallel()
				checkWriter(t, filepath.Join(root, folder), format)
			})
		}
	}
}

func checkWriter(t *testing.T, dir, format string) {
	w := newWorld(t, format, with(func(o *incoming.Options) { o.Domains = []string{"drop.test"} }))
	samples := readSamples(t, dir)
	w.librariesFor(samples)
	w.must(os.CopyFS(filepath.Join(w.dir, "drop"), os.DirFS(filepath.Join(dir, "drop"))))
	complete, left := w.keepWriting(samples)

	sum := w.drain()
	if sum.Processed != len(complete) || sum.Backlog != len(left["partial"]) {
		t.Errorf("got summary %+v, want %d processed and %d waiting", sum, len(complete), len(left["partial"]))
	}
	if got, want := len(w.ours()), 0; got != want {
		t.Errorf("got %d files left in .mailchute, want %d", got, want)
	}
	for _, files := range left {
		for _, file := range files {
			if _, err := os.Lstat(filepath.Join(w.dir, "drop", file)); err != nil {
				t.Errorf("got %v, want %s left where it is", err, file)
			}
		}
	}
	w.checkEnvelopes(sum.Run, complete)
	w.verify()
}

func readSamples(t *testing.T, dir string) (samples []sample) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	if err == nil {
		err = json.Unmarshal(data, &samples)
	}
	if err != nil || len(samples) == 0 {
		t.Fatalf("samples of %s: %d, %v", dir, len(samples), err)
	}
	return samples
}

// librariesFor makes an open library that saves originals for every local part that may
// be published, and for those that are only ever forged.
func (w *world) librariesFor(samples []sample) {
	w.t.Helper()
	locals := map[string]string{}
	for _, forged := range []string{"secret", "secret1", "secret2", "secret3", "secret4", "ceo"} {
		locals[forged] = forged
	}
	for _, s := range samples {
		for _, r := range s.Recipients {
			local := mailbox(w.t, r).Local
			if address.CheckLocalPart(local) == nil {
				locals[address.FoldLocal(local)] = local
			}
		}
	}
	for i, key := range slices.Sorted(maps.Keys(locals)) {
		w.library(library.Library{
			Name: fmt.Sprintf("l%d", i), LocalPart: locals[key],
			Settings: library.Settings{Accept: library.AcceptAnyone, SaveOriginal: true},
		})
	}
}

// keepWriting holds open for writing what the samples say is still being written. It
// returns the complete samples by file name, and by state the files that must stay.
func (w *world) keepWriting(samples []sample) (complete map[string]sample, left map[string][]string) {
	w.t.Helper()
	complete, left = map[string]sample{}, map[string][]string{}
	for _, s := range samples {
		if s.State == "complete" {
			complete[path.Base(s.File)] = s
			continue
		}
		left[s.State] = append(left[s.State], s.File)
		if s.State == "partial" {
			f, err := os.OpenFile(filepath.Join(w.dir, "drop", s.File), os.O_WRONLY, 0)
			w.must(err)
			w.t.Cleanup(func() { w.must(f.Close()) })
		}
	}
	return complete, left
}

// envelope is who a message came from and who got it, as address keys.
type envelope struct {
	Sender     string
	Recipients []string
}

// checkEnvelopes compares what the run's rows say with the samples. An MTA that writes
// one file for each recipient wrote one message, so files with one key count together.
func (w *world) checkEnvelopes(run string, complete map[string]sample) {
	w.t.Helper()
	files := map[store.Key][]string{}
	outcomes := map[store.Key][]store.Outcome{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			files[p.Key] = append(files[p.Key], p.File)
		}
		for key := range files {
			var err error
			if outcomes[key], err = tx.Outcomes(key); err != nil {
				return err
			}
		}
		return nil
	}))
	senders := w.senders()
	for key, names := range files {
		got := envelope{Sender: senders[key]}
		for _, o := range outcomes[key] {
			got.Recipients = append(got.Recipients, o.RecipientKey)
		}
		w.checkEnvelope(got, names, complete)
	}
}

func (w *world) checkEnvelope(got envelope, files []string, complete map[string]sample) {
	w.t.Helper()
	var want envelope
	for _, name := range files {
		s := complete[name]
		want.Sender = senderKey(w.t, s.Sender)
		for _, r := range s.Recipients {
			want.Recipients = append(want.Recipients, mailbox(w.t, r).Key())
		}
		if forged(got.Sender) && s.Probe != "authspoof" && s.Probe != "authas" {
			w.t.Errorf("%s (%s): the forged sender %s was believed", name, s.Probe, got.Sender)
		}
	}
	for _, e := range []*envelope{&got, &want} {
		slices.Sort(e.Recipients)
		e.Recipients = slices.Compact(e.Recipients)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("%q: envelope (-want +got):\n%s", files, diff)
	}
	if slices.ContainsFunc(got.Recipients, forged) {
		w.t.Errorf("%q: a forged recipient among %q was believed", files, got.Recipients)
	}
}

// forged reports whether an address is one that the senders of the samples forge.
func forged(key string) bool {
	return strings.HasPrefix(key, "secret") || strings.HasPrefix(key, "ceo")
}

// senders returns the envelope sender of everything filed or held, as address keys.
func (w *world) senders() map[store.Key]string {
	w.t.Helper()
	senders := map[store.Key]string{}
	all, err := w.store.Libraries(w.t.Context())
	w.must(err)
	for _, l := range all {
		for _, d := range w.documents(l.Name) {
			senders[d.Key] = senderKey(w.t, d.Columns.Sender)
		}
	}
	held, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	for _, h := range held {
		senders[h.Item.Key] = senderKey(w.t, h.Item.Sender)
	}
	return senders
}

func senderKey(t testing.TB, s string) string {
	t.Helper()
	if s == "" {
		return ""
	}
	return mailbox(t, s).Key()
}

func mailbox(t testing.TB, s string) address.Address {
	t.Helper()
	a, err := address.ParseMailbox(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
