package incoming_test

import (
	"fmt"
	"strings"
	"testing"

	"mailchute/pkg/library"
	"mailchute/pkg/workload"
)

// batch is how many messages one drain of the benchmark finds.
const batch = 200

// BenchmarkDrain drains messages of realistic sizes from a folder into a store on disk,
// everything synced, and reports messages and bytes of drop files a second. Writing the
// messages is not counted.
func BenchmarkDrain(b *testing.B) {
	w := newWorld(b, "eml")
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "archive", Settings: library.Settings{Folders: library.FoldersSender, SaveOriginal: true}})
	for i, row := range []struct {
		name string
		to   string
		mix  workload.Mix
	}{
		{"attachments", "invoices@case.test", workload.Office},
		{"originals", "archive@case.test", workload.Office},
		{"small", "invoices@case.test", workload.Small},
	} {
		b.Run(row.name, func(b *testing.B) {
			set := workload.New(workload.Options{Seed: uint64(i), Mix: row.mix, From: "alice@case.test", To: []string{row.to}})
			var made workload.Tally
			for b.Loop() {
				b.StopTimer()
				for range batch {
					made.Add(w.dropMessage(set.Message(made.Messages)))
				}
				b.StartTimer()
				if sum := w.drain(); sum.Filed != batch {
					b.Fatalf("got summary %+v, want %d filed", sum, batch)
				}
			}
			seconds, messages := b.Elapsed().Seconds(), float64(made.Messages)
			b.ReportMetric(0, "ns/op") // of a batch; it says nothing
			b.ReportMetric(messages/seconds, "messages/s")
			b.ReportMetric(float64(made.Bytes)/1e6/seconds, "MB/s")
			b.ReportMetric(float64(made.Bytes)/1e3/messages, "KB/message")
		})
	}
}

// dropMessage drops a message of a set under its Message-ID.
func (w *world) dropMessage(m workload.Message) workload.Tally {
	w.t.Helper()
	var content strings.Builder
	content.WriteString(mail(m.Sender, m.Recipients...))
	tally, err := m.Write(&content)
	w.must(err)
	w.drop(fmt.Sprintf("%s.eml", strings.Trim(m.ID, "<>")), content.String())
	return tally
}
