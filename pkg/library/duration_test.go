package library_test

import (
	"testing"
	"time"

	"mailchute/pkg/library"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	good := map[string]time.Duration{
		"2s": 2 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour,
		"250ms": 250 * time.Millisecond, "0s": 0, "10m": 10 * time.Minute, "1h": time.Hour, "20h": 20 * time.Hour,
	}
	for s, want := range good {
		got, err := library.ParseDuration(s)
		if err != nil || got != want {
			t.Errorf("ParseDuration(%q): got %s, %v, want %s", s, got, err, want)
		}
		again, err := library.ParseDuration(library.FormatDuration(want))
		if err != nil || again != want {
			t.Errorf("%q written as %q is read as %s, %v", s, library.FormatDuration(want), again, err)
		}
	}
	for _, s := range []string{"", "2", "-1s", "-1d", "1d-1h", "d", "1.5d", "1dx", "1d1d", "99999d", "two seconds"} {
		if got, err := library.ParseDuration(s); err == nil || got != 0 {
			t.Errorf("ParseDuration(%q): got %s, %v, want an error", s, got, err)
		}
	}
}
