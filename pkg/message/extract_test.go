package message_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"mailchute/pkg/message"
)

// BenchmarkExtract decodes every part of every message in a folder, one message after the
// other, to nowhere and to files: what ripmime does. The folder is that of MAILCHUTE_MAIL,
// by default ../shared/corpus. To compare CPU times, build the test once and let the
// shell measure both:
//
//	go test -c -o /tmp/message.test ./pkg/message
//	time TMPDIR=/dev/shm /tmp/message.test -test.run=^$ -test.bench=Extract/files -test.benchtime=20x
//	time for i in $(seq 20); do find $MAILCHUTE_MAIL -type f -exec ripmime --overwrite -d /dev/shm/out -i {} \; ; done
func BenchmarkExtract(b *testing.B) {
	files, size := mailFiles(b)
	b.Run("discard", func(b *testing.B) {
		p := message.NewParser(message.Limits{})
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			for _, file := range files {
				extract(b, p, file, func(int) (io.WriteCloser, error) { return discard{io.Discard}, nil })
			}
		}
	})
	b.Run("files", func(b *testing.B) {
		p := message.NewParser(message.Limits{})
		dir := b.TempDir()
		b.SetBytes(size)
		for b.Loop() {
			for _, file := range files {
				extract(b, p, file, func(i int) (io.WriteCloser, error) {
					return os.Create(filepath.Join(dir, strconv.Itoa(i)))
				})
			}
		}
	})
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// extract decodes all parts of a message, each into what create returns for it.
func extract(b *testing.B, p *message.Parser, file string, create func(i int) (io.WriteCloser, error)) {
	f, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	m, err := p.Parse(b.Context(), f, info.Size())
	if err != nil {
		b.Fatalf("%s: %v", file, err)
	}
	for i := range m.Parts {
		w, err := create(i)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Decode(b.Context(), i, w); err != nil {
			b.Fatalf("%s: %v", file, err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// mailFiles lists the files of the folder to read, and tells their size.
func mailFiles(b *testing.B) (files []string, size int64) {
	dir := os.Getenv("MAILCHUTE_MAIL")
	if dir == "" {
		dir = corpusDir(b)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		files, size = append(files, path), size+info.Size()
		return err
	})
	if err != nil || len(files) == 0 {
		b.Fatalf("%s: %d files, %v", dir, len(files), err)
	}
	return files, size
}
