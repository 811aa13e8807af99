package incoming_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/testdata"
)

// stateOf returns the state of a sample. Of those that we see in another way it is ours.
func stateOf(folder string, s sample) string {
	switch {
	case folder == "maildir-edge" && path.Dir(s.File) == "cur":
		return "ignore" // a mail reader has it, and has moved it: new/ alone is drained
	case folder == "broken" && s.File == "new/null-sender-without-return-path":
		return "hold" // OpenSMTPD wrote it, and not Postfix
	case folder == "aws-ses-s3", folder == "haraka-quarantine":
		return "hold" // no line of the mail system's names a recipient
	}
	return s.State
}

// sample is a file in a writer's samples.json.
type sample struct {
	File       string
	Probe      string
	Sender     string
	Recipients []string
	State      string
}

// The envelope of every file that a real MTA left is the one that its client sent, what
// the client forged is never believed, and what is doubtful is held.
func TestDropfiles(t *testing.T) {
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
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			checkWriter(t, filepath.Join(root, e.Name()), e.Name())
		})
	}
}

func checkWriter(t *testing.T, dir, folder string) {
	writer := testdata.Writers()[folder]
	reads, err := drop.FormatNamed(writer.Format)
	if err != nil {
		t.Fatal(err)
	}
	if reads.Custom {
		reads.Maildir, reads.Pattern, reads.EmptyIsNull = writer.Pattern == "", writer.Pattern, writer.EmptyIsNull
		reads.Sender, reads.Recipient, reads.List = writer.Sender, writer.Recipient, writer.List
	}
	w := newWorld(t, reads.Name, with(func(o *incoming.Options) {
		o.Domains = []string{"drop.test"}
		o.Feeds[0].Reads = &reads
	}))
	samples := readSamples(t, dir)
	for i := range samples {
		samples[i].State = stateOf(folder, samples[i])
		samples[i].File = w.put(filepath.Join(dir, "drop"), samples[i].File, reads.Maildir)
	}
	w.librariesFor(samples)
	taken, left := w.keepWriting(samples)

	sum := w.drain()
	if sum.Processed != len(taken) || sum.Backlog != len(left["partial"]) {
		t.Errorf("got summary %+v, want %d processed and %d waiting", sum, len(taken), len(left["partial"]))
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
	w.checkEnvelopes(sum.Run, taken)
	w.verify()
}

// put copies a sample into the drop folder and returns its path there. A writer that has
// a folder for each mailbox, and no maildir, has as many drop folders: one is enough here.
func (w *world) put(dir, file string, maildir bool) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	w.must(err)
	if !maildir {
		file = path.Base(file)
	}
	to := filepath.Join(w.dir, "drop", file)
	w.must(os.MkdirAll(filepath.Dir(to), 0o755))
	w.must(os.WriteFile(to, data, 0o644))
	return file
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
		if s.State != "complete" {
			continue
		}
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
// returns the samples that must be taken by file name, and by state the files that must
// stay.
func (w *world) keepWriting(samples []sample) (taken map[string]sample, left map[string][]string) {
	w.t.Helper()
	taken, left = map[string]sample{}, map[string][]string{}
	for _, s := range samples {
		if s.State == "complete" || s.State == "hold" {
			taken[path.Base(s.File)] = s
			continue
		}
		left[s.State] = append(left[s.State], s.File)
		if s.State == "partial" {
			f, err := os.OpenFile(filepath.Join(w.dir, "drop", s.File), os.O_WRONLY, 0)
			w.must(err)
			w.t.Cleanup(func() { w.must(f.Close()) })
		}
	}
	return taken, left
}

// envelope is who a message came from and who got it, as address keys.
type envelope struct {
	Sender     string
	Recipients []string
}

// checkEnvelopes compares what the run's rows say with the samples. An MTA that writes
// one file for each recipient wrote one message, so files with one key count together.
func (w *world) checkEnvelopes(run string, taken map[string]sample) {
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
		held := true
		for _, o := range outcomes[key] {
			got.Recipients = append(got.Recipients, o.RecipientKey)
			held = held && o.State == store.Held
		}
		if taken[names[0]].State == "hold" {
			if !held || len(outcomes[key]) == 0 {
				w.t.Errorf("%q: got %+v, want it held", names, outcomes[key])
			}
			continue
		}
		w.checkEnvelope(got, names, taken)
	}
}

func (w *world) checkEnvelope(got envelope, files []string, taken map[string]sample) {
	w.t.Helper()
	var want envelope
	for _, name := range files {
		s := taken[name]
		want.Sender = senderKey(w.t, s.Sender)
		for _, r := range s.Recipients {
			want.Recipients = append(want.Recipients, mailbox(w.t, r).Key())
		}
	}
	for _, e := range []*envelope{&got, &want} {
		slices.Sort(e.Recipients)
		e.Recipients = slices.Compact(e.Recipients)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("%q: envelope (-want +got):\n%s", files, diff)
	}
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
