package jobs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
)

// Trouble is told when it begins, changes and ends.
func TestTrouble(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := zerolog.New(&log)
	var trouble jobs.Trouble
	a, b := errors.New("a"), errors.New("b")
	got := []string{}
	for _, err := range []error{nil, a, a, errors.New("a"), b, nil, nil, a} {
		log.Reset()
		trouble.Report(logger, err, "It began.", "It is over.")
		got = append(got, strings.TrimSpace(log.String()))
	}
	want := []string{
		"",
		`{"level":"error","error":"a","message":"It began."}`,
		"",
		"",
		`{"level":"error","error":"b","message":"It began."}`,
		`{"level":"info","message":"It is over."}`,
		"",
		`{"level":"error","error":"a","message":"It began."}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// The names of files, which differ from time to time, make no new trouble of one error of
// the system. Another error does, and so does another sentence.
func TestTroubleIsTheSame(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := zerolog.New(&log)
	var trouble jobs.Trouble
	report := func(err error, began string) (lines int) {
		log.Reset()
		trouble.Report(logger, err, began, "It is over.")
		return strings.Count(log.String(), "\n")
	}
	of := func(name string, errno syscall.Errno) error {
		return fmt.Errorf("drop folder: %w", &fs.PathError{Op: "list", Path: name, Err: errno})
	}
	if trouble.On() {
		t.Error("there is trouble before it began")
	}
	for i, row := range []struct {
		err   error
		began string
		lines int
	}{
		{of("a", syscall.EIO), "All of it fails.", 1},
		{of("b", syscall.EIO), "All of it fails.", 0},
		{of("b", syscall.ENOENT), "All of it fails.", 1},
		{of("b", syscall.ENOENT), "A part of it fails.", 1},
		{of("c", syscall.ENOENT), "A part of it fails.", 0},
		{nil, "A part of it fails.", 1},
		{nil, "All of it fails.", 0},
	} {
		if got := report(row.err, row.began); got != row.lines {
			t.Errorf("report %d: got %d lines, want %d", i+1, got, row.lines)
		}
		if got := trouble.On(); got != (row.err != nil) {
			t.Errorf("report %d: got trouble %v", i+1, got)
		}
	}
}
