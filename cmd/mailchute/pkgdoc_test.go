package main_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPackageComments: each package has one package comment, and it begins as go doc
// expects.
func TestPackageComments(t *testing.T) {
	t.Parallel()
	for _, u := range units(t, "linux") {
		var comments []string
		begin := "Package " + path.Base(u.name) + " "
		for _, f := range parse(t, u.dir) {
			if f.Doc != nil {
				comments = append(comments, f.Doc.Text())
			}
			if f.Name.Name == "main" {
				begin = "Command " + path.Base(u.name) + " "
			}
		}
		if len(comments) != 1 {
			t.Errorf("%s: got %d package comments, want 1", u.name, len(comments))
			continue
		}
		if !strings.HasPrefix(comments[0], begin) {
			t.Errorf("%s: the package comment begins %.30q, want %q", u.name, comments[0], begin)
		}
	}
}

// TestTopLevel: the repository's top level has the prescribed entries and dot-files
// only, apart from what .gitignore names.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	const root = "../.."
	allowed := []string{"cmd", "jobs", "pkg", "store", "testdata", "go.mod", "go.sum", "README.md"}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(ignored)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "/"); ok {
			allowed = append(allowed, name)
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s does not belong to the top level", e.Name())
		}
	}
}
