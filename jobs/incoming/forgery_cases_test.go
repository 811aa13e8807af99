package incoming_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// trial is a case of testdata/forgery or testdata/honest: a drop file, how its feed is
// read, and what must become of it in each library. A file of cases begins with lines that
// hold for all of its cases; then each case is
//
//	== NAME
//	threat: TEXT                     what the sender tries, or why honest mail looks as it does
//	feed: FORMAT SETTING=VALUE …     the format, and settings with their names in mailchute.toml
//	from: ADDRESS                    the envelope sender, <> for null; left out: mallory@evil.test
//	lines: crlf                      how lines end; left out: as the format's mail system ends them
//	want: LIBRARY=VERDICT …          who is the author of its documents, nobody, or why there are none
//	file:
//	the drop file, up to the empty line before the next case
//
// In the drop file {zone} stands for the lines that the format's mail system writes at the
// top, {received} for its Received field, {results} and {evil} for results of the victim's
// and of the sender's domain, and {letter} for the rest of a message; {to}, {from} and
// {case} for what they say; {cr}, {nul}, {byte XX}, {char XXXX} and {times N TEXT} for what
// a text file has not. {sign TAG=VALUE …} is a DKIM signature of all that stands below it,
// and {was A|B} is A when it is signed and B when it arrives. Each library gets a file of its
// own; a verdict that is left out is the one of the lines above all cases.
type trial struct {
	name   string // "file/name"
	threat string
	feed   string
	from   string
	crlf   bool
	text   string // of the drop file, with its placeholders
	want   map[string]string
}

// trialLibraries are the libraries that a case is sent to, and one that nobody writes to
// but by forged lines.
var trialLibraries = []string{"anyone", "aligned", "proven", "secret"}

// readTrials reads all cases of a folder of testdata.
func readTrials(t *testing.T, folder fs.FS) (all []trial) {
	t.Helper()
	names, err := fs.Glob(folder, "*.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		found, err := parseTrials(strings.TrimSuffix(name, ".txt"), string(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, c := range found {
			if seen[c.name] {
				t.Fatalf("%s is there twice", c.name)
			}
			seen[c.name] = true
		}
		all = append(all, found...)
	}
	return all
}

// parseTrials reads a file of cases.
func parseTrials(file, text string) (all []trial, err error) {
	preamble, rest, found := strings.Cut(text, "\n== ")
	if !found {
		return nil, fmt.Errorf("it has no case")
	}
	preset := trial{from: "mallory@evil.test", want: map[string]string{}}
	if err := preset.directives(preamble); err != nil {
		return nil, err
	}
	for _, one := range strings.Split(rest, "\n\n== ") {
		name, body, _ := strings.Cut(one, "\n")
		head, drop, found := strings.Cut("\n"+body, "\nfile:\n")
		c := preset
		c.name, c.text, c.want = file+"/"+name, strings.TrimSuffix(drop, "\n")+"\n", maps.Clone(preset.want)
		if err := c.directives(head); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if !found || c.threat == "" || c.feed == "" || len(c.want) < len(trialLibraries)-1 {
			return nil, fmt.Errorf("%s: a threat, a feed, a verdict for each library and a file are needed", name)
		}
		if c.want["secret"] == "" {
			c.want["secret"] = "none"
		}
		all = append(all, c)
	}
	return all, nil
}

// directives reads the lines above a drop file.
func (c *trial) directives(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case value == "":
			return fmt.Errorf("%q is not of the form key: value", line)
		case key == "threat":
			c.threat = value
		case key == "from":
			c.from = value
		case key == "lines" && (value == "crlf" || value == "lf"):
			c.crlf = value == "crlf"
		case key == "feed":
			format, _, _ := strings.Cut(value, " ")
			c.feed, c.crlf = value, slices.Contains([]string{"iis", "exchange", "pickup", "eml"}, format)
		case key == "want":
			for _, word := range strings.Fields(value) {
				name, verdict, _ := strings.Cut(word, "=")
				if !slices.Contains(trialLibraries, name) || verdict == "" {
					return fmt.Errorf("%q is no verdict for a library", word)
				}
				c.want[name] = verdict
			}
		default:
			return fmt.Errorf("unknown line %q", line)
		}
	}
	return nil
}

// byFeed puts cases together whose feeds are the same.
func byFeed(all []trial) (groups [][]trial) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b trial) int { return cmp.Compare(a.feed, b.feed) })
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(c trial) bool { return c.feed != all[0].feed })
		if n < 0 {
			n = len(all)
		}
		groups, all = append(groups, all[:n]), all[n:]
	}
	return groups
}
