//go:build !race

// A race build keeps records of memory in memory, several bytes for each: what such a
// process uses says nothing of the program.

package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Of TestMemory. With a million small messages it takes ten minutes, with large ones of 100 MB
// a GB of disk.
var (
	backlog = flag.Int("backlog", 2000, "how many small messages TestMemory sends at once")
	large   = flag.Int64("large", 20, "how many MB each of the ten large messages has that TestMemory sends at once")
)

// memoryAboveIdle is what serve may use more than when it idles, whatever arrives.
const memoryAboveIdle = 64 << 20

func TestMemory(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	mailchute(t, "-c", dir, "library", "add", "all", "--accept", "anyone", "--max-file-size", "unlimited", "--save-original")
	serve, events := startServe(t, dir)
	idle := memoryOf(t, serve.Process.Pid, "VmRSS")
	for _, row := range []struct {
		name  string
		files int
		write func(w io.Writer) error // below the envelope
		size  int64                   // filled up with NULs
		held  bool
	}{
		{name: "an attachment of 200 MB", files: 1, write: largeAttachment},
		{name: "ten large ones", files: 10, write: plain("Subject: Large\n\n"), size: *large << 20},
		{name: "three of 9,999 parts", files: 3, write: manyParts(9999, "")},
		{name: "three of 9,999 parts with long names", files: 3, write: manyParts(9999, strings.Repeat("x", 1000)), held: true},
		{name: "more parts than the limit", files: 3, write: manyParts(20_000, ""), held: true},
		{name: "small ones", files: *backlog, write: plain("Subject: Small\n\nText\n")},
		{name: "40 multiparts without an end", files: 1, write: nested(40)},
		{name: "60 multiparts without an end", files: 1, write: nested(60), held: true},
		{name: "a line of 100 MB", files: 1, write: plain("Subject: Line\n\n"), size: 100 << 20},
		{name: "a line of 300 MB, over the limit", files: 1, write: plain("Subject: Line\n\n"), size: 300 << 20, held: true},
		{name: "a header of 40 MB", files: 1, write: plain("Subject: Line"), size: 40 << 20, held: true},
	} {
		for i := range row.files {
			deliverLarge(t, dir, fmt.Sprintf("%s %d", row.name, i), row.size, row.write)
		}
		deliverAll(t, dir)
		filed, held := 0, 0
		for filed+held < row.files {
			sum, ok := <-events // however long that takes
			if !ok {
				t.Fatal("the log ended")
			}
			filed, held = filed+sum.Filed, held+sum.Held
			if sum.Processed != sum.Filed+sum.Held {
				t.Fatalf("%s: got %+v, want them filed or held", row.name, sum)
			}
		}
		if row.held != (held > 0) || row.held == (filed > 0) {
			t.Errorf("%s: got %d filed and %d held, want held: %v", row.name, filed, held, row.held)
		}
		peak := memoryOf(t, serve.Process.Pid, "VmHWM")
		t.Logf("%s: %d MB above %d MB", row.name, (peak-idle)>>20, idle>>20)
		if peak > idle+memoryAboveIdle {
			t.Errorf("%s: got %d MB above idle, want at most %d", row.name, (peak-idle)>>20, memoryAboveIdle>>20)
			break // the peak stays
		}
	}
	endServe(t, serve, events)
}

// memoryOf returns a figure of a process from proc(5), in bytes.
func memoryOf(t *testing.T, pid int, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), field+":")
	figure, _, _ := strings.Cut(rest, "kB")
	n, err := strconv.ParseInt(strings.TrimSpace(figure), 10, 64)
	if err != nil {
		t.Fatalf("%s of %q: %v", field, status, err)
	}
	return n << 10
}

// deliverLarge writes a message in pieces, with a hole behind it up to a size.
// deliverAll delivers it.
func deliverLarge(t *testing.T, dir, name string, size int64, write func(io.Writer) error) {
	t.Helper()
	tmp := filepath.Join(dir, "drop", "tmp", name)
	f, err := os.Create(tmp)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	_, err = fmt.Fprintf(out, "X-Sender: <a@b.example>\nX-Receiver: <all@docs.example.com>\nX-EndOfInjectedXHeaders: 1\nX-Name: %s\n", name)
	err = errors.Join(err, write(out), out.Flush())
	if size > 0 {
		err = errors.Join(err, f.Truncate(size))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// deliverAll puts all that was written into the maildir.
func deliverAll(t *testing.T, dir string) {
	t.Helper()
	tmp := filepath.Join(dir, "drop", "tmp")
	files, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(tmp, f.Name()), filepath.Join(dir, "drop", "new", f.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// plain writes a text.
func plain(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// largeAttachment writes 200 MB of base64.
func largeAttachment(w io.Writer) error {
	err := plain("Subject: Large\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n" +
		"Content-Disposition: attachment; filename=large.bin\n\n")(w)
	line := plain(strings.Repeat("TWFpbGNodXRl", 6) + "\n")
	for n := 0; n < 200<<20 && err == nil; n += 73 {
		err = line(w)
	}
	return err
}

// manyParts writes n attachments of one multipart, with names that begin so.
func manyParts(n int, name string) func(io.Writer) error {
	return func(w io.Writer) error {
		err := plain("Subject: Parts\nContent-Type: multipart/mixed; boundary=b\n\n")(w)
		for i := 0; i < n && err == nil; i++ {
			_, err = fmt.Fprintf(w, "--b\nContent-Disposition: attachment; filename=%s%d.txt\n\n%d\n", name, i, i)
		}
		return errors.Join(err, plain("--b--\n")(w))
	}
}

// nested writes multiparts within multiparts, none of which ends.
func nested(levels int) func(io.Writer) error {
	return func(w io.Writer) error {
		var err error
		for i := 0; i < levels && err == nil; i++ {
			_, err = fmt.Fprintf(w, "Content-Type: multipart/mixed; boundary=b%[1]d\n\n--b%[1]d\n", i)
		}
		return errors.Join(err, plain("Content-Disposition: attachment; filename=deep.txt\n\ntext\n")(w))
	}
}
