package main

import (
	"bytes"
	"strings"
	"testing"
)

// What is refused of a distribution group's title is refused before the group is changed.
func TestGroupSetTitle(t *testing.T) {
	t.Parallel()
	dir := newFarm(t)
	mailchute(t, "-c", dir, "group", "add", "team", "--title", "The team")
	for _, title := range []string{"a\nb", "\x1b[31mred", "left \u202e right", "\xff"} {
		var stderr bytes.Buffer
		code := run(t.Context(), []string{"-c", dir, "group", "set", "team", "--title", title, "--distribution", "team"}, nil, &stderr, &stderr, func(string) string { return "" })
		if code != exitUsage || !strings.Contains(stderr.String(), "--title: ") {
			t.Errorf("%q: got exit code %d, %q, want %d", title, code, &stderr, exitUsage)
		}
	}
	if got := mailchute(t, "-c", dir, "group", "list"); !strings.Contains(got, "The team") {
		t.Errorf("got\n%swant the title as it was", got)
	}
}
