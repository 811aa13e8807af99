package ldapdir_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFiltersAndNamesAreMadeInOnePlace holds that no other part of the package puts a filter
// or a distinguished name together: what is made elsewhere may have strangers' text in it.
func TestFiltersAndNamesAreMadeInOnePlace(t *testing.T) {
	t.Parallel()
	rules := map[string]struct {
		text    *regexp.Regexp
		allowed []string
	}{
		"a filter": {regexp.MustCompile(`^\(([&|!]|[\w;%]+[~<>]?=)`), []string{"filter.go", "options.go"}}, // of options, an example
		"a name":   {regexp.MustCompile(`(?i)<guid=|\b(cn|ou|uid)=`), []string{"dn.go"}},
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(literal.Value)
			for what, rule := range rules {
				if !rule.text.MatchString(text) {
					continue
				}
				if found[what]++; !slices.Contains(rule.allowed, file) {
					t.Errorf("%s makes %s: %s", file, what, literal.Value)
				}
			}
			return true
		})
	}
	for what := range rules {
		if found[what] == 0 {
			t.Errorf("nothing makes %s", what)
		}
	}
}
