package incoming_test

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/store"
	"mailchute/store/tree"
)

// Wherever the power is cut, the next process makes each document once, holds each
// message once, leaves nothing in the drop folder and balances the books.
func TestPowerLossAtEveryEffect(t *testing.T) {
	t.Parallel()
	const outcomes = 8 // of each cut
	for seed := range uint64(outcomes) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				m := newMachine(t, filedByOne().mail, 1, modeOf(seed))
				n, where := m.drainUntil(k, seed<<32+uint64(k))
				m.checkRecovered(fmt.Sprintf("power cut at effect %d, %s", k, where), filedByOne())
				if n < k {
					t.Logf("power cut before each of %d effects, and after the last", n)
					return
				}
			}
		})
	}
}

func TestPowerLossTwice(t *testing.T) {
	t.Parallel()
	total, _ := newMachine(t, filedByOne().mail, 1, tree.Link).drainUntil(math.MaxInt, 0)
	for seed := range uint64(200) {
		m := newMachine(t, filedByOne().mail, 1, modeOf(seed))
		how := fmt.Sprintf("seed %d: power cut", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		for range 2 {
			k := 1 + r.IntN(total)
			_, where := m.drainUntil(k, r.Uint64())
			how += fmt.Sprintf(" at effect %d, %s;", k, where)
		}
		m.checkRecovered(how, filedByOne())
	}
}

// Every other machine loses its power again while the claims of the first process are
// taken over.
func TestPowerLossWithManyInFlight(t *testing.T) {
	t.Parallel()
	want := filedByMany(40)
	total, _ := newMachine(t, want.mail, 256, tree.Link).drainUntil(math.MaxInt, 0)
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 0))
		m := newMachine(t, want.mail, 256, modeOf(seed/2))
		k := 1 + r.IntN(total)
		_, where := m.drainUntil(k, r.Uint64())
		how := fmt.Sprintf("seed %d: power cut at effect %d, %s", seed, k, where)
		if seed%2 == 1 {
			k = 1 + r.IntN(total/4)
			_, where = m.drainUntil(k, r.Uint64())
			how += fmt.Sprintf("; at effect %d, %s", k, where)
		}
		m.checkRecovered(how, want)
	}
}

// modeOf lets half of the seeds have trees of links, half of copies.
func modeOf(seed uint64) tree.Mode {
	if seed%2 == 0 {
		return tree.Link
	}
	return tree.Copy
}

// filing is what must have become of some mail.
type filing struct {
	mail      map[string]string // drop files by name
	documents []string          // "invoices/report.csv v1", names in lower case
	filed     int               // messages, by the books
	held      int               // likewise
	verdicts  map[string][]string
}

// filedByOne is what must become of crashMail.
func filedByOne() filing {
	both := []string{"filed copies@case.test", "filed invoices@case.test"}
	return filing{
		mail:      crashMail(),
		documents: []string{"copies/report.csv v2", "copies/report.eml v2", "invoices/report (2).csv v1", "invoices/report.csv v1"},
		filed:     2, held: 1,
		verdicts: map[string][]string{
			"1.eml": both, "2.eml": both,
			"3.eml": {"held no-permission invoices@case.test", "held unknown-address nobody@case.test"},
		},
	}
}

// filedByMany is what must become of n messages whose attachments share a name and three
// contents, a fifth of them from somebody whom one of two libraries refuses.
func filedByMany(n int) filing {
	f := filing{
		mail:      map[string]string{},
		documents: []string{fmt.Sprintf("copies/report.csv v%d", n), fmt.Sprintf("copies/report.eml v%d", n)},
		verdicts:  map[string][]string{},
	}
	for i := range n {
		name := fmt.Sprintf("%03d.eml", i)
		from, verdicts := "alice", []string{"filed copies@case.test", "filed invoices@case.test"}
		if i%5 == 0 {
			from, verdicts = "bob", []string{"filed copies@case.test", "held no-permission invoices@case.test"}
			f.held++
		} else {
			f.filed++
			document := "invoices/report.csv v1"
			if f.filed > 1 {
				document = fmt.Sprintf("invoices/report (%d).csv v1", f.filed)
			}
			f.documents = append(f.documents, document)
		}
		content := strings.NewReplacer("<1@", fmt.Sprintf("<%d@", i), "a;b", fmt.Sprintf("a;%d", i%3)).Replace(letter)
		f.mail[name] = mail(from+"@"+domain, "invoices@"+domain, "copies@"+domain) + content
		f.verdicts[name] = verdicts
	}
	slices.Sort(f.documents)
	return f
}

// checkRecovered drains once more and checks every promise.
func (m *machine) checkRecovered(how string, want filing) {
	m.t.Helper()
	m.checkNoHalfFile(how)
	w := m.boot()
	w.drain()
	var got []string
	shown := m.files("/libraries")
	for _, name := range []string{"invoices", "copies"} {
		for _, d := range w.documents(name) {
			got = append(got, strings.ToLower(fmt.Sprintf("%s/%s v%d", name, d.Path(), d.Version)))
			if sha256.Sum256(shown[d.TreePath]) != d.Content.Digest {
				m.t.Errorf("%s: the tree shows %d bytes as %s, which are not the document's", how, len(shown[d.TreePath]), d.TreePath)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want.documents, got); diff != "" {
		m.t.Errorf("%s: documents (-want +got):\n%s", how, diff)
	}
	held := 0
	for file := range want.mail {
		for _, verdict := range want.verdicts[file] {
			if strings.HasPrefix(verdict, "held ") {
				held++
			}
		}
		if diff := cmp.Diff(want.verdicts[file], w.verdicts(file)); diff != "" {
			m.t.Errorf("%s: verdicts on %s (-want +got):\n%s", how, file, diff)
		}
	}
	mail, err := w.store.HeldMail(m.t.Context())
	m.must(err)
	if len(mail) != held {
		m.t.Errorf("%s: got %d held, want %d", how, len(mail), held)
	}
	m.checkBooks(w, how, want)
	w.verify()
	w.end()
	m.checkNothingWaits(how)
	if m.t.Failed() {
		m.t.Fatalf("%s: the log is\n%s", how, w.log)
	}
}

// checkBooks fails where a run is open, does not add up, or counts what has no outcome.
func (m *machine) checkBooks(w *world, how string, want filing) {
	m.t.Helper()
	runs, err := w.store.Runs(m.t.Context(), noTime, 0)
	m.must(err)
	filed, held := 0, 0
	for _, r := range runs {
		if r.State == string(store.RunOpen) {
			m.t.Errorf("%s: run %s was left open", how, r.Run)
		}
		w.balanced(r)
		filed += r.Filed
		held += r.Held
	}
	if filed != want.filed || held != want.held {
		m.t.Errorf("%s: the books say %d filed and %d held over all runs, want %d and %d", how, filed, held, want.filed, want.held)
	}
}

// checkNothingWaits fails where any file is left in the drop folder, ours included.
func (m *machine) checkNothingWaits(how string) {
	m.t.Helper()
	for name := range m.files("/drop") {
		m.t.Errorf("%s: %s is left in the drop folder", how, name)
	}
}

// checkNoHalfFile fails where the tree shows bytes that are no stored document's.
func (m *machine) checkNoHalfFile(how string) {
	m.t.Helper()
	m.must(m.catalog.View(m.t.Context(), func(tx store.Tx) error {
		for name, data := range m.files("/libraries") {
			state, err := tx.BlobState(sha256.Sum256(data))
			if err != nil {
				return err
			}
			if state != store.BlobLive && !strings.HasPrefix(name, ".mailchute/") {
				m.t.Errorf("%s: the tree shows %d bytes as %s, which are no document's", how, len(data), name)
			}
		}
		return nil
	}))
}
