package incoming_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/incoming"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
)

// onShare is a folder on a share: no lease tells who writes there.
type onShare struct{ durable.FS }

func (s onShare) Open(name string) (durable.File, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return sharedFile{f}, nil
}

type sharedFile struct{ durable.File }

func (sharedFile) NoWriter() bool { return false }

// fileClock returns a clock that shows in a bubble what the file system's would if time
// passed there too.
func (w *world) fileClock() func() time.Time {
	w.t.Helper()
	file := filepath.Join(w.dir, "clock")
	w.write(file, "")
	info, err := os.Stat(file)
	w.must(err)
	here, there := time.Now(), info.ModTime()
	return func() time.Time { return there.Add(time.Since(here)) }
}

// slowWriter writes a drop file in place, at the times of a clock.
type slowWriter struct {
	w     *world
	file  *os.File
	clock func() time.Time
}

func (s *slowWriter) add(content string) {
	s.w.t.Helper()
	_, err := s.file.WriteString(content)
	s.w.must(err)
	at := s.clock()
	s.w.must(os.Chtimes(s.file.Name(), at, at))
}

// While a writer goes on in place, with pauses shorter than the time to settle, or longer
// ones with the end of its message still missing, the job runs every few seconds and takes
// nothing. Then the message is filed once, and whole.
func TestSlowWriter(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"eml", "iis"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { checkSlowWriter(t, format) })
		})
	}
}

func checkSlowWriter(t *testing.T, format string) {
	t.Helper()
	w := newWorld(t, format, with(func(o *incoming.Options) {
		o.Feeds[0].Settle = drop.DefaultSettle
		o.OpenFolder = wrapped(func(fsys durable.FS) durable.FS { return onShare{fsys} })
	}))
	defer w.end()
	w.library(library.Library{Name: "invoices"})
	run := func() {
		_, err := w.job.Run(t.Context(), jobs.Arrival)
		w.must(err)
	}
	run()
	clock := w.fileClock()
	data := strings.Repeat("a line of the attachment\r\n", 2000)
	content := mail("alice@case.test", "invoices@case.test") + attached(received, "a.txt", data)
	r := rand.New(rand.NewPCG(1, 2))
	for _, pause := range []time.Duration{drop.DefaultSettle, 10 * drop.DefaultSettle} {
		file, err := os.Create(filepath.Join(w.dir, "drop", pause.String()+".eml"))
		w.must(err)
		into := slowWriter{w, file, clock}
		for left := content[:len(content)-len("--\r\n")]; left != ""; {
			n := 1 + r.IntN(len(left))
			into.add(left[:n])
			left = left[n:]
			for range 4 {
				time.Sleep(time.Duration(r.Int64N(int64(pause / 4))))
				if run(); len(w.waiting()) != 1 || len(w.ours()) != 0 {
					t.Fatalf("got %q waiting and %q of ours, want only the file that is being written", w.waiting(), w.ours())
				}
			}
		}
		into.add("--\r\n")
		w.must(into.file.Close())
		time.Sleep(2 * drop.DefaultSettle)
		run()
		w.drained()
	}
	docs := w.documents("invoices")
	if len(docs) != 1 || docs[0].Content.Digest.String() != hexDigest([]byte(data)) {
		t.Errorf("got %+v, want the whole attachment, once", docs)
	}
	w.verify()
}

// A file that is renamed late, after any pause, is filed once, and whole.
func TestRenamedLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "iis")
	w.library(library.Library{Name: "invoices"})
	content := mail("alice@case.test", "invoices@case.test") + attached(received, "a.txt", "x")
	for i := range len(content) / 100 {
		w.write(filepath.Join(w.dir, "drop", "1.eml.tmp"), content[:100*i])
		if sum := w.drain(); sum.Processed != 0 {
			t.Fatalf("got summary %+v while it was written, want nothing processed", sum)
		}
	}
	w.write(filepath.Join(w.dir, "drop", "1.eml.tmp"), content)
	w.must(os.Rename(filepath.Join(w.dir, "drop", "1.eml.tmp"), filepath.Join(w.dir, "drop", "1.eml")))
	if got := countsOf(w.drain()); got != (counts{filed: 1}) {
		t.Errorf("got %+v, want it filed", got)
	}
	w.drained()
	w.verify()
}

// A file that stays empty is said to be there, once, and counts among those that wait.
func TestFileLeftEmpty(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "eml")
		defer w.end()
		w.library(library.Library{Name: "invoices"})
		w.drop("1.eml", "")
		for range 5 {
			time.Sleep(time.Minute)
			if sum := w.drain(); sum.Processed != 0 || sum.Backlog != 1 {
				t.Errorf("got summary %+v, want the file waiting", sum)
			}
		}
		said := w.events(6872)
		if len(said) != 1 || said[0]["file"] != "1.eml" || !strings.Contains(said[0]["detail"].(string), "empty") {
			t.Errorf("got events %v, want one of the empty file", said)
		}
		w.drop("1.eml", good())
		time.Sleep(time.Minute)
		if got := countsOf(w.drain()); got != (counts{filed: 1}) {
			t.Errorf("got %+v, want what came under its name filed", got)
		}
		w.drained()
	})
}
