package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// settingsByPlace returns the settings that help security may name, by the word in brackets.
func settingsByPlace(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{"library": libraryKeys()}
	for _, s := range store.PolicySettings() {
		all["farm"] = append(all["farm"], s.Key)
	}
	sample, err := config.Sample([]string{"docs.example.com"}, config.Feed{Name: "incoming", Path: "drop", Format: "postfix"})
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := toml.Unmarshal(sample, &file); err != nil {
		t.Fatal(err)
	}
	for place, table := range file {
		if many, ok := table.([]any); ok && len(many) > 0 {
			table = many[0]
		}
		settings, _ := table.(map[string]any)
		for key := range settings {
			all[place] = append(all[place], key)
		}
	}
	return all
}

// unknownNames returns what a page names that there is not, and how much it names.
func unknownNames(t *testing.T, page string) (unknown []string, n int) {
	t.Helper()
	known := settingsByPlace(t)
	flags := []string{}
	eachCommand(quiet().command(), func(cmd *cobra.Command) {
		add := func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) }
		cmd.Flags().VisitAll(add)
		cmd.PersistentFlags().VisitAll(add)
	})
	check := func(ok bool, name string) {
		n++
		if !ok {
			unknown = append(unknown, name)
		}
	}
	for _, m := range regexp.MustCompile(`\[(\w+)\]\s+([a-z_]+(?:,\s+[a-z_]+)*)`).FindAllStringSubmatch(page, -1) {
		for _, key := range regexp.MustCompile(`,\s+`).Split(m[2], -1) {
			if key != "and" && key != "is" && key != "what" && key != "are" { // the sentence that explains the brackets
				check(slices.Contains(known[m[1]], key), "["+m[1]+"] "+key)
			}
		}
	}
	for _, flag := range regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(page, -1) {
		check(slices.Contains(flags, flag), flag)
	}
	for _, m := range regexp.MustCompile(`(?:^|[^.\w])mailchute\s+([a-z]+)`).FindAllStringSubmatch(page, -1) {
		root := quiet().command()
		found, _, err := root.Find(m[1:])
		check(err == nil && found != root, "mailchute "+m[1])
	}
	for _, m := range regexp.MustCompile(`\(([a-z]+(?:-[a-z]+)*)\)`).FindAllStringSubmatch(page, -1) {
		_, err := access.ParseRung(m[1])
		check(err == nil || slices.Contains(fault.Reasons(), fault.Reason(m[1])), "("+m[1]+")")
	}
	for _, m := range regexp.MustCompile(`(?i)\bformats? (\w+)`).FindAllStringSubmatch(page, -1) {
		check(slices.Contains(drop.Formats(), m[1]) || m[1] == "of", "format "+m[1])
	}
	return unknown, n
}

func TestSecurityPage(t *testing.T) {
	t.Parallel()
	if got := mailchute(t, "help", "security"); got != securityPage {
		t.Errorf("help security is not the page:\n%s", got)
	}
	unknown, n := unknownNames(t, securityPage)
	for _, name := range unknown {
		t.Errorf("it names what there is not: %s", name)
	}
	if n < 50 {
		t.Errorf("found %d names: this proves little", n)
	}
	for line := range strings.Lines(securityPage) {
		if line = strings.TrimSuffix(line, "\n"); len([]rune(line)) > 120 || line != strings.TrimRight(line, " ") {
			t.Errorf("too long, or blanks at its end: %q", line)
		}
	}
}

// Each setting and reason that lets mail in or keeps it out by its sender stands there.
func TestSecurityPageIsWhole(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"sender_trust", "authenticated_only", "sender_block", "sender_allow", "sender_rate", "safe_hosts", "max_received", "held_max",
		"received_by", "vouches", "auth_token_file", "login_domains", "authserv_id", "authserv_place", "aligned_by", "shared_domains",
		"dkim", "resolver", "owners", "blocked_types", "auto_replies", "min_free",
	} {
		if !regexp.MustCompile(`\]\s+` + name + `\b`).MatchString(securityPage) {
			t.Errorf("help security has not %s", name)
		}
	}
}

func TestUnknownNamesAreFound(t *testing.T) {
	t.Parallel()
	const page = "[feed] ownerz, owners; [farm]\n  x_y; mailchute fly --wings (no-such-reason) of format pigeon"
	got, _ := unknownNames(t, page)
	want := []string{"[feed] ownerz", "[farm] x_y", "--wings", "mailchute fly", "(no-such-reason)", "format pigeon"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
