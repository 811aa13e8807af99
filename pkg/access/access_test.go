package access_test

import (
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// textValue is what Level and Rung are in configurations and JSON.
type textValue interface {
	fmt.Stringer
	encoding.TextMarshaler
}

func TestTextRoundTrip(t *testing.T) {
	t.Parallel()
	var level access.Level
	var rung access.Rung
	tests := []struct {
		value textValue
		into  encoding.TextUnmarshaler
		got   func() textValue
		want  string
	}{
		{access.None, &level, func() textValue { return level }, "none"},
		{access.Read, &level, func() textValue { return level }, "read"},
		{access.Contribute, &level, func() textValue { return level }, "contribute"},
		{access.Edit, &level, func() textValue { return level }, "edit"},
		{access.Design, &level, func() textValue { return level }, "design"},
		{access.FullControl, &level, func() textValue { return level }, "full-control"},
		{access.Claimed, &rung, func() textValue { return rung }, "claimed"},
		{access.Aligned, &rung, func() textValue { return rung }, "aligned"},
		{access.Proven, &rung, func() textValue { return rung }, "proven"},
	}
	for _, tt := range tests {
		text, err := tt.value.MarshalText()
		if err != nil || string(text) != tt.want || tt.value.String() != tt.want {
			t.Errorf("%v: text %q, %v, want %q", tt.value, text, err, tt.want)
		}
		if err := tt.into.UnmarshalText(text); err != nil || tt.got() != tt.value {
			t.Errorf("%q: read back %v, %v", text, tt.got(), err)
		}
	}
	level, rung = access.Edit, access.Aligned
	if level.UnmarshalText([]byte("owner")) == nil || rung.UnmarshalText([]byte("sure")) == nil {
		t.Error("an unknown level or rung was read")
	}
	if level != access.Edit || rung != access.Aligned {
		t.Errorf("a text that was refused left %s and %s, want edit and aligned", level, rung)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "none", "Read", "owner", "contribute "} {
		if got, err := access.ParseLevel(s); err == nil || got != access.None {
			t.Errorf("ParseLevel(%q): got %s, %v, want an error", s, got, err)
		}
	}
	for _, s := range []string{"", "Claimed", "sure"} {
		if got, err := access.ParseRung(s); err == nil || got != access.Claimed {
			t.Errorf("ParseRung(%q): got %s, %v, want an error", s, got, err)
		}
	}
	for _, s := range []string{"", "alice", "user:", "group:", "directory-group:", "user", "everyone:", "everyone:x", "robot:x", "address:alice", "address:"} {
		if got, err := access.ParsePrincipal(s); err == nil {
			t.Errorf("ParsePrincipal(%q): got %s, want an error", s, got)
		}
	}
	for _, s := range []string{"", "invoices", "library:", "site:", "library:In Voices", "farm:x", "library:../x"} {
		if got, err := access.ParseScope(s); err == nil {
			t.Errorf("ParseScope(%q): got %s, want an error", s, got)
		}
	}
	for _, s := range []string{"", "Hold", "keep"} {
		if got, err := access.ParseAction(s); err == nil || got != access.ActionHold {
			t.Errorf("ParseAction(%q): got %s, %v, want an error", s, got, err)
		}
	}
}

func TestPrincipalAndScope(t *testing.T) {
	t.Parallel()
	principals := map[string]access.Principal{
		"user:alice":                {Kind: access.KindUser, Name: "alice"},
		`user:CORP\alice`:           {Kind: access.KindUser, Name: `CORP\alice`},
		"group:finance":             {Kind: access.KindGroup, Name: "finance"},
		"group:a:b":                 {Kind: access.KindGroup, Name: "a:b"},
		"address:alice@example.org": {Kind: access.KindAddress, Name: "alice@example.org"},
		"everyone":                  {Kind: access.KindEveryone},
		"directory-group:CN=a:b":    {Kind: access.KindDirectoryGroup, Name: "CN=a:b"},
	}
	for s, want := range principals {
		got, err := access.ParsePrincipal(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("ParsePrincipal(%q): got %#v, %v, written %q", s, got, err, got)
		}
	}
	scopes := map[string]access.Scope{
		"site:default":     {Kind: access.ScopeSite, Name: "default"},
		"library:invoices": {Kind: access.ScopeLibrary, Name: "invoices"},
	}
	for s, want := range scopes {
		got, err := access.ParseScope(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("ParseScope(%q): got %#v, %v, written %q", s, got, err, got)
		}
	}
}

func TestLevelOf(t *testing.T) {
	t.Parallel()
	alice, finance, everyone := access.UserPrincipal("alice"), access.GroupPrincipal("finance"), access.Everyone()
	site, lib := access.Scope{Kind: access.ScopeSite, Name: "default"}, access.Scope{Kind: access.ScopeLibrary, Name: "invoices"}
	grants := []access.Grant{
		{Scope: lib, Principal: everyone, Level: access.Read},
		{Scope: site, Principal: finance, Level: access.Design},
		{Scope: lib, Principal: finance, Level: access.Contribute},
		{Scope: lib, Principal: access.GroupPrincipal("alice"), Level: access.FullControl},
	}
	tests := []struct {
		who  []access.Principal
		want access.Level
	}{
		{nil, access.None},
		{[]access.Principal{alice}, access.None},
		{[]access.Principal{alice, everyone}, access.Read},
		{[]access.Principal{alice, everyone, finance}, access.Design},
	}
	for _, tt := range tests {
		who := map[access.Principal]bool{}
		for _, p := range tt.who {
			who[p] = true
		}
		if got := access.LevelOf(grants, who); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.who, got, tt.want)
		}
	}
}

func TestScopesOf(t *testing.T) {
	t.Parallel()
	own, site := access.Scope{Kind: access.ScopeLibrary, Name: "l"}, access.Scope{Kind: access.ScopeSite, Name: "s"}
	tests := []struct {
		lib  library.Library
		want []access.Scope
	}{
		{library.Library{Name: "l", Site: "s", Inherit: true}, []access.Scope{own, site}},
		{library.Library{Name: "l", Site: "s"}, []access.Scope{own}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, access.ScopesOf(tt.lib)); diff != "" {
			t.Errorf("inherit %t: want -, got +\n%s", tt.lib.Inherit, diff)
		}
	}
}

func TestClosure(t *testing.T) {
	t.Parallel()
	members := map[string][]string{
		"staff":   {"user:alice", "group:finance"},
		"finance": {"user:bob"},
		"board":   {"group:staff", "group:circle"},
		"circle":  {"group:board"},
		"self":    {"group:self"},
		"all":     {"everyone"},
		"alice":   {"user:carol"},
	}
	tests := []struct {
		login string
		want  []string
	}{
		{"", nil},
		{"dave", []string{"everyone", "group:all", "user:dave"}},
		{"alice", []string{"everyone", "group:all", "group:board", "group:circle", "group:staff", "user:alice"}},
		{"bob", []string{"everyone", "group:all", "group:board", "group:circle", "group:finance", "group:staff", "user:bob"}},
		{"carol", []string{"everyone", "group:alice", "group:all", "user:carol"}},
	}
	for _, tt := range tests {
		who, err := access.Closure(tt.login, nil, groupsIn(members))
		if err != nil {
			t.Errorf("%s: %v", tt.login, err)
		}
		var got []string
		for p := range who {
			got = append(got, p.String())
		}
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: want -, got +\n%s", tt.login, diff)
		}
	}
}

// groupsIn answers as a catalog with these groups does.
func groupsIn(members map[string][]string) func([]access.Principal) ([]string, error) {
	return func(asked []access.Principal) ([]string, error) {
		var names []string
		for name, holds := range members {
			for _, p := range asked {
				if slices.Contains(holds, p.String()) {
					names = append(names, name)
				}
			}
		}
		return names, nil
	}
}

// Groups of the directory are what a user is, too; they say nothing of who is nobody.
func TestClosureOfPerson(t *testing.T) {
	t.Parallel()
	group := access.DirectoryGroupPrincipal("0f8d")
	who, err := access.Closure("ldap:alice", []access.Principal{group}, groupsIn(map[string][]string{"all": {"everyone"}}))
	want := map[access.Principal]bool{access.UserPrincipal("ldap:alice"): true, access.Everyone(): true, access.GroupPrincipal("all"): true, group: true}
	if err != nil || cmp.Diff(want, who) != "" {
		t.Errorf("%v; want -, got +\n%s", err, cmp.Diff(want, who))
	}
	if nobody, err := access.Closure("", []access.Principal{group}, groupsIn(nil)); err != nil || len(nobody) > 0 {
		t.Errorf("got %v, %v for nobody, want nothing", nobody, err)
	}
}

func TestClosureFails(t *testing.T) {
	t.Parallel()
	down := errors.New("catalog down")
	who, err := access.Closure("alice", nil, func([]access.Principal) ([]string, error) { return nil, down })
	if !errors.Is(err, down) || who != nil {
		t.Errorf("got %v, %v, want the error of the catalog and no principals", who, err)
	}
}

// A person of the directory cannot be granted anything alone, and is not sent to ask for it.
func TestPersonWithoutRights(t *testing.T) {
	t.Parallel()
	lib := library.Library{Name: "invoices", Site: "default", LocalPart: "invoices"}
	who := access.Sender{Address: address.Address{Local: "alice", Domain: "corp.example"}, Rung: access.Proven, Login: "ldap:alice", Person: true}
	d := access.Decide(access.DefaultPolicy(), lib, access.Read, who)
	if want := "grant library:invoices directory-group:NAME contribute"; d.Reason != fault.NoPermission || !strings.Contains(d.Detail, want) {
		t.Errorf("got %s (%s), want %s with %q", d.Reason, d.Detail, fault.NoPermission, want)
	}
}
