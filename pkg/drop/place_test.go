package drop_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"mailchute/pkg/drop"
)

// TestPlaceHolds: one folder is seen in another whichever links lead to the two.
func TestPlaceHolds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ok(t, errors.Join(
		os.MkdirAll(filepath.Join(dir, "a/b/c"), 0o700), os.Mkdir(filepath.Join(dir, "ab"), 0o700), os.Mkdir(filepath.Join(dir, "out"), 0o700),
		os.Symlink("a", filepath.Join(dir, "to-a")), os.Symlink("../a/b", filepath.Join(dir, "out/to-b")), os.Symlink("../ab", filepath.Join(dir, "a/to-ab")),
	))
	for _, row := range []struct {
		p, q      string
		is, holds bool
	}{
		{"a", "a", true, true},
		{"a", "to-a", true, true},
		{"to-a", "a/b/..", true, true},
		{"a/b", "out/to-b", true, true},
		{"a", "a/b/c", false, true},
		{"to-a", "out/to-b/c", false, true},
		{"a/b/c", "a", false, false},
		{"a", "ab", false, false},
		{"a", "a/to-ab", false, false},
		{"out", "out/to-b", false, false},
		{".", "out/to-b", false, true},
		{"/", "a", false, true},
	} {
		place := func(path string) drop.Place {
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			p, err := drop.PlaceOf(path)
			ok(t, err)
			return p
		}
		p, q := place(row.p), place(row.q)
		if p.Is(q) != row.is || p.Holds(q) != row.holds {
			t.Errorf("%s and %s: got is %v, holds %v; want %v, %v", row.p, row.q, p.Is(q), p.Holds(q), row.is, row.holds)
		}
	}
	_, err := drop.PlaceOf(filepath.Join(dir, "nowhere"))
	wantErr(t, "PlaceOf what is not there", err, fs.ErrNotExist)
}
