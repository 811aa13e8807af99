package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailchute/pkg/library"
	"mailchute/store"
)

// TestHelpHasAllSettings: each flag of library add and library set, each key of apply, each
// of SharePoint's properties and each key of the farm's policy stands in help settings.
func TestHelpHasAllSettings(t *testing.T) {
	t.Parallel()
	help := mailchute(t, "help", "settings")
	want := func(name string) {
		if !regexp.MustCompile(`(^|[^\w.-])` + regexp.QuoteMeta(name) + `($|[^\w.-])`).MatchString(help) {
			t.Errorf("help settings has not %s", name)
		}
	}
	var given libraryFlags
	cmd := &cobra.Command{}
	given.register(cmd)
	n := 0
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		n++
		want("--" + f.Name)
	})
	for _, key := range libraryKeys() {
		if key != "name" {
			want(key)
		}
	}
	for _, p := range library.SharePointProperties() {
		want(p.Name)
	}
	for _, s := range store.PolicySettings() {
		want(s.Key)
	}
	if n < 20 {
		t.Errorf("found %d flags: this proves little", n)
	}
}

// TestSettingsDefaults: the defaults in help settings are those of the flags.
func TestSettingsDefaults(t *testing.T) {
	t.Parallel()
	var given libraryFlags
	cmd := &cobra.Command{}
	given.register(cmd)
	for _, s := range library.Documented() {
		f := cmd.Flags().Lookup(strings.TrimPrefix(s.Flag, "--"))
		if f == nil {
			t.Errorf("%s: there is no flag %s", s.Name, s.Flag)
			continue
		}
		def := strings.Trim(f.DefValue, "[]")
		if def != "" && !strings.HasPrefix(s.Default, def) {
			t.Errorf("%s: the default is %s to help settings, %s to the flag", s.Name, s.Default, def)
		}
	}
}

func TestWrapText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 5, ""},
		{"one", 5, "one"},
		{"one two three", 7, "one two|three"},
		{"one two", 3, "one|two"},
		{"much-too-long word", 4, "much-too-long|word"},
		{"a\nb c", 5, "a|b c"},
		{"größe x", 5, "größe|x"},
	} {
		if got := strings.Join(wrapText(tt.text, tt.width), "|"); got != tt.want {
			t.Errorf("%q in %d: got %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
