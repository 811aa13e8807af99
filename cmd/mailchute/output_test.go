package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/pkg/config"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
)

func TestExitCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk"), 1},
		{errSaid, 1},
		{usage(errors.New("flag")), 2},
		{misconfigured(errors.New("file")), 2},
		{fmt.Errorf("load: %w", &config.Error{File: "f"}), 2},
		{fmt.Errorf("library: %w", fault.ErrNotFound), 3},
		{fmt.Errorf("library: %w", fault.ErrConflict), 4},
		{errHeld, 5},
		{usage(fmt.Errorf("setting: %w", fault.ErrNotFound)), 2},
	}
	for _, tt := range tests {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("%v: exit code %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := table(&b, paint{}, columns("NAME", ">SIZE", "DETAIL"), [][]string{
		{"a", "12", "short"},
		{"März\x1b", "7", strings.Repeat("long ", 20)},
		{strings.Repeat("x", 70), "1", ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	pad := strings.Repeat(" ", 60-len("NAME"))
	want := "NAME" + pad + "  SIZE  DETAIL\n" +
		"a" + pad + "       12  short\n" +
		`März\x1b` + pad[4:] + "     7  " + strings.TrimSuffix(strings.Repeat("long ", 20), " ") + "\n" +
		strings.Repeat("x", 59) + "…     1\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

func TestPaint(t *testing.T) {
	t.Parallel()
	if got := (paint{}).red("held"); got != "held" {
		t.Errorf("in a pipe: got %q, want no colour", got)
	}
	if got := (paint{on: true}).red("held"); got != "\x1b[31mheld\x1b[0m" {
		t.Errorf("on a terminal: got %q", got)
	}
}

func TestParseSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	good := map[string]time.Time{
		"":                          {},
		"24h":                       now.Add(-24 * time.Hour),
		"7d":                        now.AddDate(0, 0, -7),
		"2026-01-30":                time.Date(2026, 1, 30, 0, 0, 0, 0, time.Local),
		"2026-01-30T10:00:00+01:00": time.Date(2026, 1, 30, 9, 0, 0, 0, time.UTC),
	}
	for s, want := range good {
		if got, err := parseSince(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %s, %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"-1h", "yesterday", "2026-02-30", "24"} {
		if got, err := parseSince(s, now); err == nil {
			t.Errorf("%q: got %s, want an error", s, got)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 1536: "1.5 KB", 1<<20 - 1: "1.0 MB", 50 << 20: "50.0 MB", 1 << 40: "1.0 TB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d bytes: got %q, want %q", n, got, want)
		}
	}
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := enumerate(words); got != want {
			t.Errorf("%v: got %q, want %q", words, got, want)
		}
	}
}

// FuzzEscapeJSON holds that the escaped text is the same JSON, and safe to print.
func FuzzEscapeJSON(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J\u202e", "\u2028\x7f\u009b", "\U000e0001😀", "bad \xff", `\u001b \\ "`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		escaped := escapeJSON(plain)
		if string(escaped) != text.Safe(string(escaped)) {
			t.Errorf("%q is escaped as %q", s, escaped)
		}
		var want, got string
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(escaped, &got); err != nil || got != want {
			t.Errorf("%q is read back as %q, %v", want, got, err)
		}
	})
}

// TestLogIsSafe logs strangers' words in both forms.
func TestLogIsSafe(t *testing.T) {
	t.Parallel()
	for _, format := range []string{config.LogJSON, config.LogConsole} {
		var b bytes.Buffer
		c := quiet()
		log, err := c.logger(config.Log{Level: "info", Format: format}, &b, zerolog.DebugLevel)
		if err != nil {
			t.Fatal(err)
		}
		log.Warn().Str("file", "f\x1b[2J\u202ee").Strs("list", []string{"l\u009b\u2028"}).Err(errors.New("e\x1b\u202e")).Msg("m\x1b\u202e\nnext")
		log.Debug().Msg("not at this level")
		got, ok := strings.CutSuffix(b.String(), "\n")
		if !ok || got != text.Safe(got) || strings.Contains(got, "level\":\"debug") {
			t.Errorf("%s: got %q, want one line that is safe to print", format, got)
		}
		for _, want := range []string{"f", "list", "202e", "next"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in %s", format, want, got)
			}
		}
	}
}
