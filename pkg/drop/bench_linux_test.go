package drop_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
)

// BenchmarkBareScan reads a folder as the system lists it (getdents64) and looks at
// nothing: what BenchmarkScan is to be compared with.
func BenchmarkBareScan(b *testing.B) {
	for _, backlog := range backlogs() {
		b.Run(fmt.Sprintf("backlog=%d", backlog), func(b *testing.B) {
			y := newYard(b, "postfix", backlog)
			dir, err := os.Open(y.arrival())
			ok(b, err)
			b.Cleanup(func() { ok(b, dir.Close()) })
			buf := make([]byte, 1<<20)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if _, err := dir.Seek(0, io.SeekStart); err != nil {
					b.Fatal(err)
				}
				for n := 1; n > 0; {
					n, err = syscall.ReadDirent(int(dir.Fd()), buf)
					for errors.Is(err, syscall.EINTR) {
						n, err = syscall.ReadDirent(int(dir.Fd()), buf)
					}
					ok(b, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(backlog), "ns/file")
		})
	}
}
