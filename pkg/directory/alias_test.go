package directory_test

import (
	"errors"
	"strings"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

func TestCheckAlias(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"a": true, "7": true, "invoices": true, "Invoices.2026": true, "a-b_c.d": true, "sp-team": true,
		"rooted": true, "team.discussions": true, "aside-0f8fad5b-d9cb-469f-a165-70867728950e": true,
		strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, strings.Repeat("a", 128): false,
		"": false, ".a": false, "a.": false, "a..b": false, "-a": false, "a-": false, "_a": false, "a_": false,
		"a b": false, "a+b": false, "a@b": false, "a,b": false, "a=b": false, "a\\b": false, "a/b": false, "a\"b": false,
		"a\nb": false, "a\n": false, "a\x00": false, "müller": false, "a\u202eb": false, "\uff41": false, "*": false, "a)(b": false,
		"postmaster": false, "Abuse": false, "MAILER-DAEMON": false, "root": false, "hostmaster": false,
	}
	for alias, want := range tests {
		err := directory.CheckAlias(alias)
		if got := err == nil; got != want {
			t.Errorf("CheckAlias(%q): got %v, want it to be right: %v", alias, err, want)
		}
		if err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("CheckAlias(%q): got %v, want fault.ErrInvalid", alias, err)
		}
	}
}

func TestCheckGroupAlias(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"team": true, "discussions": true, "team.calendars": true,
		"team.discussions": false, "team.Calendar": false, "team..calendar": false, "root": false,
	}
	for alias, want := range tests {
		if err := directory.CheckGroupAlias(alias); (err == nil) != want || err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("CheckGroupAlias(%q): got %v, want it to be right: %v", alias, err, want)
		}
	}
}
