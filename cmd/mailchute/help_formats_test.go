package main

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"mailchute/pkg/config"
	"mailchute/pkg/drop"
)

// feedSettings names the settings of the feed on each page.
const feedSettings = "mailchute.toml, in [[feed]]"

// blocks returns what is set in on a page, by the lines that name it, without their
// colons.
func blocks(t *testing.T, format string) map[string]string {
	t.Helper()
	page, err := formatPages.ReadFile(path.Join("formats", format+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	name := ""
	for line := range strings.Lines(string(page)) {
		if in, ok := strings.CutPrefix(line, "    "); ok && name != "" {
			all[name] += in
			continue
		}
		title, ok := strings.CutSuffix(line, ":\n")
		if name = ""; ok {
			name = title
		}
	}
	return all
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	got := blocks(t, "exim")["/etc/exim4/senders, a line for each login, with its address"]
	if want := "alice: alice@docs.example.com\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEachFormatHasAPage(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(formatPages, "formats/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, file := range files {
		pages = append(pages, strings.TrimSuffix(path.Base(file), ".txt"))
	}
	formats := drop.Formats()
	slices.Sort(formats)
	slices.Sort(pages)
	if diff := cmp.Diff(formats, pages); diff != "" {
		t.Errorf("(-formats +pages):\n%s", diff)
	}
	help := mailchute(t, "help", "formats")
	for _, name := range formats {
		if strings.Count(help, "\n"+name+" ") != 2 {
			t.Errorf("help formats has not two lines for %s:\n%s", name, help)
		}
		page, err := formatPages.ReadFile(path.Join("formats", name+".txt"))
		if err != nil {
			continue // said already
		}
		title, text, _ := strings.Cut(string(page), "\n")
		if got, want := mailchute(t, "help", "formats", name), title+".\n"+text; got != want {
			t.Errorf("help formats %s (-want +got):\n%s", name, cmp.Diff(want, got))
		}
	}
}

// configured returns a configuration with the settings of a block, which stand in place of
// others of the same name or at the end.
func configured(toml, block string) string {
	for line := range strings.Lines(block) {
		key, _, _ := strings.Cut(line, "=")
		old := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `=.*\n`).FindString(toml)
		if old == "" || strings.Contains(toml, "\n[feed.custom]\n") {
			toml += line
			continue
		}
		toml = strings.Replace(toml, old, line, 1)
	}
	return toml
}

// understood fails the test where a command of ours would be wrong usage.
func understood(t *testing.T, words []string) *cobra.Command {
	t.Helper()
	root := quiet().command()
	found, args, err := root.Find(words[1:])
	if err == nil && found == root {
		err = errors.New("there is no such command")
	}
	if err == nil {
		err = found.ParseFlags(args)
	}
	if err == nil {
		err = found.ValidateArgs(found.Flags().Args())
	}
	if err != nil {
		t.Errorf("%q: %v", words, err)
	}
	return found
}

// TestPagesAreUnderstood gives the commands of ours on each page to their parsers, and its
// settings to the configuration's.
func TestPagesAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, name := range drop.Formats() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample, err := config.Sample([]string{"docs.example.com"}, config.Feed{Name: "incoming", Path: "drop", Format: name})
			if err != nil {
				t.Fatal(err)
			}
			page := blocks(t, name)
			toml := configured(string(sample), page[feedSettings])
			commands := 0
			for title, block := range page {
				switch {
				case title == feedSettings:
					continue
				case strings.HasPrefix(title, "mailchute.toml, "):
					toml = configured(toml, block)
					continue
				}
				for line := range strings.Lines(block) {
					words := shellWords(line)
					if len(words) == 0 || words[0] != "mailchute" || words[1] == "unix" { // a line of Postfix's
						continue
					}
					commands++
					cmd := understood(t, words)
					if f := cmd.Flags().Lookup("format"); cmd.Name() == "init" && f.Value.String() != name {
						t.Errorf("%q makes a feed of format %s", words, f.Value)
					}
				}
			}
			cfg, err := config.Parse("/srv/mailchute/mailchute.toml", []byte(toml))
			if err != nil {
				t.Fatal(err)
			}
			if len(cfg.Feeds) != 1 || cfg.Feeds[0].Format != name || toml == string(sample) {
				t.Errorf("the settings make %+v", cfg.Feeds)
			}
			if commands < 2 {
				t.Errorf("found %d commands: this proves little", commands)
			}
		})
	}
}
