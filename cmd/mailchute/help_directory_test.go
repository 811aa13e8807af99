package main

import (
	"regexp"
	"strings"
	"testing"

	"mailchute/pkg/directory"
)

func TestDirectoryPage(t *testing.T) {
	t.Parallel()
	if got := mailchute(t, "help", "directory"); !strings.HasPrefix(got, directoryPage) {
		t.Errorf("help directory does not begin with the page:\n%s", got)
	}
	unknown, n := unknownNames(t, directoryPage)
	for _, name := range unknown {
		t.Errorf("it names what there is not: %s", name)
	}
	if n < 40 {
		t.Errorf("found %d names: this proves little", n)
	}
	for line := range strings.Lines(directoryPage) {
		if line = strings.TrimSuffix(line, "\n"); len([]rune(line)) > 120 || line != strings.TrimRight(line, " ") {
			t.Errorf("too long, or blanks at its end: %q", line)
		}
	}
}

// The rights that the page names are those that are needed: for every attribute that is
// written in mode exchange.
func TestDirectoryPageHasAllAttributes(t *testing.T) {
	t.Parallel()
	_, rights, _ := strings.Cut(directoryPage, "Active Directory, once")
	rights, _, _ = strings.Cut(rights, "Never grant")
	for _, kind := range []directory.Kind{directory.KindContact, directory.KindGroup} {
		for _, name := range directory.Managed(kind, directory.ModeExchange) {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(rights) {
				t.Errorf("the page grants no right for %s of a %s", name, kind)
			}
		}
	}
}

func TestDirectoryPageIsWhole(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"publish", "mode", "marker_attribute", "account_prefix", "drift", "keep_foreign_members", "max_deletes", "max_delete_share",
		"listen", "client_ca_file", "users_file", "approve_create", "four_eyes", "request_expire", "rename_grace", "alias_prefix", "require_auth",
	} {
		if !regexp.MustCompile(`\]\s+` + name + `\b|,\s+` + name + `\b`).MatchString(directoryPage) {
			t.Errorf("help directory has not %s", name)
		}
	}
}
