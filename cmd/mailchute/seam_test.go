package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exceptions to the rule that files change through pkg/durable only, with their reasons.
var exceptions = map[string]string{
	"cmd/mailchute os.Create":    "the file that -o names is the user's, outside the data folder",
	"cmd/mailchute os.MkdirAll":  "init makes the data folder, before there is a seam to go through",
	"cmd/mailchute os.MkdirTemp": "the data folder of demo or bench",
	"cmd/mailchute os.RemoveAll": "the data folder of demo or bench",
	"cmd/mailchute os.WriteFile": "a switch of the kernel's in /proc, no file",
	"store/sqlite os.OpenFile":   "SQLite's own files are the one exception",
}

// effects are the functions of package os that change files, or hand out something that does.
var effects = strings.Fields(`Chmod Chown Chtimes CopyFS Create CreateTemp Lchown Link Mkdir MkdirAll MkdirTemp
	OpenFile OpenRoot Remove RemoveAll Rename Symlink Truncate WriteFile`)

func TestFilesChangeThroughDurable(t *testing.T) {
	t.Parallel()
	for _, u := range units(t, "linux") {
		if u.name == "pkg/durable" || u.name == "store/storetest" || u.name == "pkg/directory/directorytest" {
			continue
		}
		for _, f := range parse(t, u.dir) {
			for _, call := range fileEffects(f) {
				if exceptions[u.name+" "+call] == "" {
					t.Errorf("%s uses %s: files change through pkg/durable only", u.name, call)
				}
			}
		}
	}
}

// parse reads the non-test files of a folder, those of other systems too.
func parse(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// fileEffects returns the functions of package os that a file uses to change files.
func fileEffects(f *ast.File) (calls []string) {
	i := slices.IndexFunc(f.Imports, func(imp *ast.ImportSpec) bool { return imp.Path.Value == `"os"` })
	if i < 0 {
		return nil
	}
	name := "os"
	if f.Imports[i].Name != nil {
		name = f.Imports[i].Name.Name
	}
	for n := range ast.Preorder(f) {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(effects, sel.Sel.Name) {
			continue
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
			calls = append(calls, "os."+sel.Sel.Name)
		}
	}
	return calls
}

func TestTheFileRuleCanFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		source string
		want   []string
	}{
		{`import "os"; var _ = os.Remove`, []string{"os.Remove"}},
		{`import sys "os"; func f() { sys.Rename("a", "b") }`, []string{"os.Rename"}},
		{`import "os"; var _ = os.Open; var _ = os.Getenv`, nil},
		{`import "other/os2"; var os x; var _ = os.Remove`, nil},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+tt.source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, fileEffects(f)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.source, diff)
		}
	}
}
