package incoming_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/store"
	"mailchute/store/storetest"
)

// torture is how long each part of TestTorture goes on, in place of a few folders:
//
//	go test ./jobs/incoming -run Torture -torture 10m
var torture = flag.Duration("torture", 0, "how long TestTorture goes on; 0: a few folders")

const (
	tortureMail    = 60 // drop files in each folder
	tortureVictims = 60 // in each place among the processes, one after the other, at most
)

// One, two or eight processes at a time drain a folder while mail goes on arriving, and
// each is killed at some effect, again and again. Whatever they were at, each message is
// filed once or held once. One that three processes have died with is held as poison,
// innocent or not; but as those are retried alone, no death brings more than one of them
// nearer to that.
//
// A seed says where the processes are killed; how they come to meet is up to the system.
func TestTorture(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ processes, folders int }{{1, 2}, {2, 4}, {8, 2}} {
		t.Run(fmt.Sprint(row.processes), func(t *testing.T) {
			t.Parallel()
			until := time.Now().Add(*torture)
			if limit, ok := t.Deadline(); ok && limit.Add(-time.Minute).Before(until) {
				until = limit.Add(-time.Minute) // of -timeout, which -torture does not change
			}
			kills, poisoned, seed := 0, 0, 1
			for ; seed <= row.folders || time.Now().Before(until); seed++ {
				k, p := tortureFolder(t, row.processes, seed)
				kills, poisoned = kills+k, poisoned+p
			}
			t.Logf("killed %d processes, %d at a time, over %d folders of %d files; %d were held after three deaths",
				kills, row.processes, seed-1, tortureMail, poisoned)
			if kills < 2*row.folders {
				t.Errorf("got %d processes killed: the test proves nothing", kills)
			}
		})
	}
}

// tortureFolder lets processes drain one folder and checks what became of it.
func tortureFolder(t *testing.T, processes, seed int) (kills, poisoned int) {
	t.Helper()
	how := fmt.Sprintf("%d processes, seed %d", processes, seed)
	mail := tortureLetters(tortureMail)
	w := newCrashWorld(t)
	w.removeMail()
	kills = w.torment(mail, uint64(processes), uint64(seed))
	poisoned = w.checkTormented(how, mail)
	if 2*poisoned > kills {
		t.Errorf("%s: got %d messages held as poison after %d deaths, want at most one for two", how, poisoned, kills)
	}
	if t.Failed() {
		t.Fatalf("%s: the log is\n%s", how, w.log)
	}
	w.must(os.RemoveAll(w.dir))
	return kills, poisoned
}

// tortured is one drop file and what must become of it.
type tortured struct {
	file, content string
	document      string   // the attachment; the same for copies of one message
	verdicts      []string // one a recipient
}

// tortureLetters returns n drop files: for one and two libraries, dropped by hand and
// come by SMTP, copies under another name, and some that are held for one recipient or
// for another.
func tortureLetters(n int) (all []tortured) {
	for i := range n {
		l := tortured{file: fmt.Sprintf("%03d.eml", i), document: fmt.Sprintf("%03d.txt", i)}
		from, to, first := "alice@case.test", []string{"invoices@case.test", "copies@case.test"}, received
		l.verdicts = []string{"filed copies@case.test", "filed invoices@case.test"}
		switch i % 6 {
		case 1:
			first = "" // by hand
		case 2:
			from = "bob@case.test"
			l.verdicts = []string{"filed copies@case.test", "held no-permission invoices@case.test"}
		case 3:
			to = []string{"invoices@case.test", "nobody@case.test"}
			l.verdicts = []string{"filed invoices@case.test", "held unknown-address nobody@case.test"}
		case 4:
			l.content, l.document = all[i-4].content, all[i-4].document
		case 5:
			from, to = "x@elsewhere.test", []string{"invoices@case.test", "nobody@case.test"}
			l.verdicts = []string{"held no-permission invoices@case.test", "held unknown-address nobody@case.test"}
		}
		if l.content == "" {
			id := fmt.Sprintf("<%d@case.test>", i)
			l.content = mail(from, to...) + strings.Replace(attached(first, l.document, l.document), "<a@case.test>", id, 1)
		}
		all = append(all, l)
	}
	return all
}

// poisoned are the verdicts where the file is held as poison.
func (l tortured) poisoned() (all []string) {
	for _, v := range l.verdicts {
		all = append(all, strings.Replace(v, "filed ", "held poison ", 1))
	}
	slices.Sort(all)
	return all
}

// removeMail empties the drop folder.
func (w *world) removeMail() {
	w.t.Helper()
	for _, name := range w.waiting() {
		w.must(os.Remove(filepath.Join(w.dir, "drop", name)))
	}
}

// torment lets processes drain the folder into which the mail is delivered, until all of
// it has come and gone, or enough of them have died. It returns how many have.
func (w *world) torment(mail []tortured, processes, seed uint64) (kills int) {
	w.t.Helper()
	stream := w.deliver(mail)
	var working sync.WaitGroup
	var mu sync.Mutex
	for place := range processes {
		working.Go(func() {
			r := rand.New(rand.NewPCG(seed, place))
			lifetime := int(300<<(seed%3)) / int(processes+1) // at most, in effects
			for range tortureVictims {
				plan := storetest.Plan{At: 1 + r.IntN(lifetime), After: r.IntN(2) == 0}
				_, died, err := crashes.Kill(w.t.Context(), w.dir, drainMany, plan)
				if err != nil {
					w.t.Errorf("seed %d: %v", seed, err)
					return
				}
				stream.goOn()
				if died {
					mu.Lock()
					kills++
					mu.Unlock()
					continue
				}
				if err := errors.Join(stream.isOver(), w.emptyOrNot()); err == nil {
					return
				} else if !errors.Is(err, errMailWaits) {
					w.t.Errorf("seed %d: %v", seed, err)
					return
				}
			}
		})
	}
	working.Wait()
	if err := stream.end(); err != nil {
		w.t.Errorf("seed %d: %v", seed, err)
	}
	return kills
}

// errMailWaits: the drop folder is not empty, or will not be.
var errMailWaits = errors.New("there are files for the drop folder")

// emptyOrNot looks for files in the drop folder while others move them.
func (w *world) emptyOrNot() error {
	return filepath.WalkDir(filepath.Join(w.dir, "drop"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			return errMailWaits
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// checkTormented drains once more and checks every promise. It returns how many files
// were held as poison.
func (w *world) checkTormented(how string, mail []tortured) (poisoned int) {
	w.t.Helper()
	w.drain()
	filed, held := map[string][]string{}, map[string][]string{} // messages, by what their documents are
	for _, l := range mail {
		got := w.verdicts(l.file)
		if cmp.Equal(l.poisoned(), got) && !cmp.Equal(l.verdicts, got) {
			poisoned++
			held[l.document] = got
			continue
		}
		if diff := cmp.Diff(l.verdicts, got); diff != "" {
			w.t.Errorf("%s: verdicts on %s (-want +got):\n%s", how, l.file, diff)
		}
		filed[l.document] = got
	}
	w.checkTormentedRows(how, filed, held)
	w.drained()
	w.verify()
	w.end()
	for _, folder := range []string{"tmp", "claimed", "retry"} {
		left, err := os.ReadDir(filepath.Join(w.dir, "drop", ".mailchute", folder))
		w.must(err)
		if len(left) > 0 {
			w.t.Errorf("%s: got %v left in .mailchute/%s, want nothing", how, left, folder)
		}
	}
	return poisoned
}

// checkTormentedRows fails unless the documents, the held mail and the books are those of
// the messages, each of them once.
func (w *world) checkTormentedRows(how string, filed, poisoned map[string][]string) {
	w.t.Helper()
	invoices, copies, heldRows, wantFiled, wantHeld := []string{}, 0, 0, 0, len(poisoned)
	for document, verdicts := range filed {
		all := strings.Join(verdicts, "\n")
		if strings.Contains(all, "filed invoices@") {
			invoices = append(invoices, document)
		}
		copies += strings.Count(all, "filed copies@")
		heldRows += strings.Count(all, "held ")
		if strings.Contains(all, "held ") {
			wantHeld++
		} else {
			wantFiled++
		}
	}
	for _, verdicts := range poisoned {
		heldRows += len(verdicts)
	}
	slices.Sort(invoices)
	if diff := cmp.Diff(invoices, w.names("invoices")); diff != "" {
		w.t.Errorf("%s: invoices (-want +got):\n%s", how, diff)
	}
	w.checkVersions("copies", 2*copies) // the attachment and the original
	rows, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	if len(rows) != heldRows {
		w.t.Errorf("%s: got %d held, want %d", how, len(rows), heldRows)
	}
	w.checkBooksSay(how, wantFiled, wantHeld)
}

// checkBooksSay fails where a run is open or does not add up, or where all runs together
// say another number of messages filed or held.
func (w *world) checkBooksSay(how string, filed, held int) {
	w.t.Helper()
	runs, err := w.store.Runs(w.t.Context(), noTime, 0)
	w.must(err)
	for _, r := range runs {
		if r.State == string(store.RunOpen) {
			w.t.Errorf("%s: run %s was left open", how, r.Run)
		}
		w.balanced(r)
		filed, held = filed-r.Filed, held-r.Held
	}
	if filed != 0 || held != 0 {
		w.t.Errorf("%s: the books of %d runs are %d filed and %d held short", how, len(runs), filed, held)
	}
}
