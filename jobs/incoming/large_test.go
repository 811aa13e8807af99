package incoming_test

import (
	"bufio"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"mailchute/pkg/library"
)

// A large message costs no more memory than a small one, also where it is filed twice
// over, as its attachment and as its original. It runs alone: it measures.
func TestLargeMessage(t *testing.T) {
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices", Settings: library.Settings{MaxFileSize: library.Unlimited, SaveOriginal: true}})
	w.drop("1.eml", good())
	w.drain()

	const size = 100 << 20
	dropLarge(t, filepath.Join(w.dir, "drop", "2.eml"), size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum := w.drain()
	runtime.ReadMemStats(&after)
	if sum.Filed != 1 || sum.Documents != 2 || sum.Bytes < size*2 {
		t.Errorf("got summary %+v, want the attachment and the original filed", sum)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > size/10 {
		t.Errorf("got %d MB allocated for a message of %d MB, want a small part of it", got>>20, size>>20)
	}
	w.drained()
	w.verify()
}

// dropLarge writes a message with one attachment of size bytes.
func dropLarge(t *testing.T, path string, size int) {
	t.Helper()
	syscall.ForkLock.RLock() // see world.write
	defer syscall.ForkLock.RUnlock()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	_, err = out.WriteString(mail("alice@case.test", "invoices@case.test") + "Subject: Large\r\nContent-Type: application/octet-stream\r\n" +
		"Content-Disposition: attachment; filename=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	line := make([]byte, 57)
	random := rand.NewChaCha8([32]byte{'l'})
	for n := 0; n < size && err == nil; n += len(line) {
		random.Read(line) //nolint:errcheck // it never fails
		_, err = out.WriteString(base64.StdEncoding.EncodeToString(line) + "\r\n")
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		t.Fatal(err)
	}
}
