package drop_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
)

var largest = flag.Int("backlog", 200_000, "how many files wait in the largest folder of a benchmark")

// backlogs are the numbers of waiting files between which the cost of one must not change.
func backlogs() []int { return []int{1000, *largest} }

// linksOf is how many names the benchmarks give one file, below what ext4 allows.
const linksOf = 50_000

// yard is a drop folder that is filled by further names of a few files, in seconds.
type yard struct {
	dir    string // of the files that the names are of
	drop   string
	fs     durable.FS
	folder *drop.Folder
	format drop.Format
	made   int
}

func newYard(b *testing.B, formatName string, backlog int) *yard {
	b.Helper()
	y := &yard{dir: b.TempDir(), drop: b.TempDir(), format: format(b, formatName)}
	fsys, err := durable.Open(y.drop)
	ok(b, err)
	y.fs = fsys
	y.folder, err = drop.Open(fsys, drop.Options{Format: y.format})
	ok(b, err)
	b.Cleanup(func() {
		ok(b, y.folder.Close())
		ok(b, fsys.Close())
	})
	y.fill(b, backlog)
	return y
}

// arrival is where messages arrive.
func (y *yard) arrival() string {
	if y.format.Maildir {
		return filepath.Join(y.drop, "new")
	}
	return y.drop
}

// fill lets n messages arrive, and waits until the disk has them.
func (y *yard) fill(b *testing.B, n int) {
	b.Helper()
	for range n {
		source := filepath.Join(y.dir, fmt.Sprint(y.made/linksOf))
		if y.made%linksOf == 0 {
			ok(b, os.WriteFile(source, []byte(top(b, y.format, 1)+"Subject: x\n\nbody\n"), 0o600))
		}
		ok(b, os.Link(source, filepath.Join(y.arrival(), fmt.Sprintf("1760000000.V801I%xM%06d.mx.eml", y.made, y.made%1_000_000))))
		y.made++
	}
	ok(b, y.fs.Barrier())
}

// BenchmarkScan counts what waits: ns/file is what one listed file costs.
func BenchmarkScan(b *testing.B) {
	for _, backlog := range backlogs() {
		b.Run(fmt.Sprintf("backlog=%d", backlog), func(b *testing.B) {
			y := newYard(b, "postfix", backlog)
			b.ReportAllocs()
			for b.Loop() {
				n, _, err := y.folder.Backlog(b.Context())
				ok(b, err)
				if n != backlog {
					b.Fatalf("got %d files, want %d", n, backlog)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(backlog), "ns/file")
		})
	}
}

// BenchmarkClaim claims, opens and finishes one message of a backlog that stays as large
// as it is: one that appeared whole, and one that has to settle.
func BenchmarkClaim(b *testing.B) {
	for _, formatName := range []string{"postfix", "eml"} {
		for _, backlog := range backlogs() {
			b.Run(fmt.Sprintf("format=%s/backlog=%d", formatName, backlog), func(b *testing.B) {
				y := newYard(b, formatName, backlog)
				b.ReportAllocs()
				b.ResetTimer()
				for done := 0; done < b.N; {
					n := y.finish(b, min(500, b.N-done))
					done += n
					b.StopTimer()
					y.fill(b, n)
					b.StartTimer()
				}
			})
		}
	}
}

// finish takes up to most messages to their end and returns how many.
func (y *yard) finish(b *testing.B, most int) (n int) {
	b.Helper()
	for item, err := range y.folder.Claim(b.Context()) {
		ok(b, err)
		_, file, err := item.Open()
		ok(b, err)
		ok(b, file.Close())
		ok(b, item.Finish())
		if n++; n == most {
			break
		}
	}
	return n
}

// top returns what an MTA writes above a message, and the line that follows.
func top(b *testing.B, f drop.Format, recipients int) string {
	b.Helper()
	env := drop.Envelope{Sender: address.Address{Local: "alice", Domain: "sender.test"}}
	for i := range recipients {
		env.Recipients = append(env.Recipients, address.Address{Local: fmt.Sprint("library", i), Domain: "drop.test"})
	}
	if f.Auth != "" {
		env.Auth = "alice"
	}
	zone, err := f.Print(env, "1")
	ok(b, err)
	return string(zone) + below(f)
}

// BenchmarkEnvelope reads the trusted zone of a message for one recipient, and for a
// thousand where the format has such.
func BenchmarkEnvelope(b *testing.B) {
	for _, formatName := range drop.Formats() {
		f := format(b, formatName)
		for _, recipients := range []int{1, 1000} {
			if recipients > 1 && !f.Repeated && !f.List {
				continue
			}
			file := strings.NewReader(top(b, f, recipients) + "Subject: x\n\nbody\n")
			b.Run(fmt.Sprintf("format=%s/recipients=%d", formatName, recipients), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					env, err := drop.ReadEnvelope(file, file.Size(), f)
					ok(b, err)
					if len(env.Recipients) != recipients {
						b.Fatalf("got %d recipients, want %d", len(env.Recipients), recipients)
					}
				}
			})
		}
	}
}
