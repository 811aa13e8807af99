package directory_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
)

func contact() directory.Object {
	return directory.Object{
		Key: "key-1", Kind: directory.KindContact, Of: "library invoices", Alias: "invoices", Title: "Finance – Invoices",
		GivenName: "Finance", Surname: "Invoices", Description: "not of contacts",
		Addresses: []string{"invoices@show.example", "invoices@in.example"}, Target: "invoices@in.example",
	}
}

func group() directory.Object {
	return directory.Object{
		Key: "key-2", Kind: directory.KindGroup, Of: "group team", Alias: "team", Title: "The team", GivenName: "not of groups",
		Description: "Those who\nfile invoices", Addresses: []string{"team@show.example", "team@in.example", "crew@show.example"},
	}
}

var boss = directory.Ref{Key: "boss", Name: "CN=Boss,OU=People,DC=corp,DC=example"}

// The table "What we write", a column and a mode a row.
func TestAttributes(t *testing.T) {
	t.Parallel()
	plainContact := directory.Attributes{
		"displayName": {"Finance – Invoices (invoices)"}, "givenName": {"Finance"}, "sn": {"Invoices"},
		"mail": {"invoices@show.example"}, "proxyAddresses": {"SMTP:invoices@show.example", "smtp:invoices@in.example"},
	}
	plainGroup := directory.Attributes{
		"displayName": {"The team (team)"}, "description": {"Those who file invoices"}, "managedBy": {boss.Name},
		"mail": {"team@show.example"}, "proxyAddresses": {"SMTP:team@show.example", "smtp:team@in.example", "smtp:crew@show.example"},
	}
	strict := func(o directory.Object) directory.Object {
		o.RequireAuth, o.Hidden = true, true
		return o
	}
	tests := []struct {
		name   string
		object directory.Object
		mode   directory.Mode
		base   directory.Attributes
		more   directory.Attributes
	}{
		{"contact, plain", contact(), directory.ModePlain, plainContact, nil},
		{"contact, plain, strict", strict(contact()), directory.ModePlain, plainContact, nil},
		{"contact, exchange", contact(), directory.ModeExchange, plainContact, directory.Attributes{
			"mailNickname": {"invoices"}, "targetAddress": {"SMTP:invoices@in.example"}, "mAPIRecipient": {"FALSE"}, "internetEncoding": {"1310720"},
		}},
		{"contact, exchange, strict", strict(contact()), directory.ModeExchange, plainContact, directory.Attributes{
			"mailNickname": {"invoices"}, "targetAddress": {"SMTP:invoices@in.example"}, "mAPIRecipient": {"FALSE"}, "internetEncoding": {"1310720"},
			"msExchRequireAuthToSendTo": {"TRUE"}, "msExchHideFromAddressLists": {"TRUE"},
		}},
		{"contact, handover", contact(), directory.ModeHandover, plainContact, directory.Attributes{
			"mailNickname": {"invoices"}, "targetAddress": {"SMTP:invoices@in.example"},
		}},
		{"contact, handover, strict", strict(contact()), directory.ModeHandover, plainContact, directory.Attributes{
			"mailNickname": {"invoices"}, "targetAddress": {"SMTP:invoices@in.example"},
			"msExchRequireAuthToSendTo": {"TRUE"}, "msExchHideFromAddressLists": {"TRUE"},
		}},
		{"group, plain", group(), directory.ModePlain, plainGroup, nil},
		{"group, exchange", group(), directory.ModeExchange, plainGroup, directory.Attributes{
			"mailNickname": {"team"}, "reportToOriginator": {"TRUE"}, "reportToOwner": {"FALSE"}, "oOFReplyToOriginator": {"FALSE"},
		}},
		{"group, exchange, strict", strict(group()), directory.ModeExchange, plainGroup, directory.Attributes{
			"mailNickname": {"team"}, "reportToOriginator": {"TRUE"}, "reportToOwner": {"FALSE"}, "oOFReplyToOriginator": {"FALSE"},
			"msExchRequireAuthToSendTo": {"TRUE"}, "msExchHideFromAddressLists": {"TRUE"},
		}},
		{"group, handover, strict", strict(group()), directory.ModeHandover, plainGroup, directory.Attributes{
			"mailNickname": {"team"}, "msExchRequireAuthToSendTo": {"TRUE"}, "msExchHideFromAddressLists": {"TRUE"},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := maps.Clone(test.base)
			maps.Copy(want, test.more)
			got := test.object.Attributes(test.mode, boss)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Attributes (-want +got):\n%s", diff)
			}
			managed := directory.Managed(test.object.Kind, test.mode)
			for name := range got {
				if !slices.Contains(managed, name) {
					t.Errorf("%s is written, and not among the managed %v", name, managed)
				}
			}
		})
	}
}

func TestManaged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind directory.Kind
		mode directory.Mode
		want string
	}{
		{directory.KindContact, directory.ModePlain, "displayName givenName mail proxyAddresses sn"},
		{directory.KindGroup, directory.ModePlain, "description displayName mail managedBy proxyAddresses"},
		{directory.KindContact, directory.ModeHandover, "displayName givenName mail mailNickname msExchHideFromAddressLists msExchRequireAuthToSendTo " +
			"proxyAddresses sn targetAddress"},
		{directory.KindGroup, directory.ModeExchange, "description displayName mail mailNickname managedBy msExchHideFromAddressLists " +
			"msExchRequireAuthToSendTo oOFReplyToOriginator proxyAddresses reportToOriginator reportToOwner"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(strings.Fields(test.want), directory.Managed(test.kind, test.mode)); diff != "" {
			t.Errorf("Managed(%s, %s) (-want +got):\n%s", test.kind, test.mode, diff)
		}
	}
}

func TestAttributesOfOddText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		object directory.Object
		want   directory.Attributes
	}{
		{"nothing at all", directory.Object{Alias: "a"}, directory.Attributes{"displayName": {"a"}, "sn": {"a"}}},
		{
			"only what cannot be seen",
			directory.Object{Alias: "a", Title: "\u202e \u200b\x00", GivenName: "\n", Surname: "\u2066"},
			directory.Attributes{"displayName": {"a"}, "sn": {"a"}},
		},
		{
			"lines and blanks",
			directory.Object{Alias: "a", Title: " x\r\n\ty\u2028z\u00a0 ", Surname: "s\x7f"},
			directory.Attributes{"displayName": {"x y z (a)"}, "sn": {"s"}},
		},
		{
			"direction of writing",
			directory.Object{Alias: "a", Title: "Help\u202edesk\u200f", Surname: "s"},
			directory.Attributes{"displayName": {"Helpdesk (a)"}, "sn": {"s"}},
		},
		{"not UTF-8", directory.Object{Alias: "a", Title: "x\xffy"}, directory.Attributes{"displayName": {"x\ufffdy (a)"}, "sn": {"x\ufffdy"}}},
		{
			"names are cut",
			directory.Object{Alias: "a", Title: "t", GivenName: strings.Repeat("é", 65), Surname: strings.Repeat("😀", 33)},
			directory.Attributes{"displayName": {"t (a)"}, "givenName": {strings.Repeat("é", 64)}, "sn": {strings.Repeat("😀", 32)}},
		},
		{
			"a title is cut before its last blank",
			directory.Object{Alias: "a", Title: strings.Repeat("x", 251) + " y", Surname: "s"},
			directory.Attributes{"displayName": {strings.Repeat("x", 251) + " (a)"}, "sn": {"s"}},
		},
		{
			"an address twice",
			directory.Object{Alias: "a", Title: "t", Addresses: []string{"", "A@x.example", "a@X.example", "b@x.example"}},
			directory.Attributes{"displayName": {"t (a)"}, "sn": {"t"}, "mail": {"A@x.example"}, "proxyAddresses": {"SMTP:A@x.example", "smtp:b@x.example"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.object.Kind = directory.KindContact
			if diff := cmp.Diff(test.want, test.object.Attributes(directory.ModePlain, directory.Ref{})); diff != "" {
				t.Errorf("Attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDescriptionIsCut(t *testing.T) {
	t.Parallel()
	o := group()
	o.Description = strings.Repeat("é", 1025)
	got := o.Attributes(directory.ModePlain, directory.Ref{})
	if want := strings.Repeat("é", 1024); got["description"][0] != want {
		t.Errorf("got %d characters, want 1024", utf8.RuneCountInString(got["description"][0]))
	}
	if _, ok := got["managedBy"]; ok {
		t.Error("got a manager whom the directory does not have")
	}
}

// A displayName fits into Active Directory, ends in the alias, and has nothing in it that
// moves, hides or turns what is seen.
func FuzzDisplayName(f *testing.F) {
	f.Add("Finance – Invoices", "invoices")
	f.Add(strings.Repeat("é", 300), strings.Repeat("a", 64))
	f.Add(strings.Repeat("😀", 130)+"x", "team")
	f.Add("x\u202ey\r\nz\xff", "a")
	f.Add(strings.Repeat("x", 248)+" \u0301", "team")
	f.Fuzz(func(t *testing.T, title, alias string) {
		if directory.CheckAlias(alias) != nil {
			return
		}
		o := directory.Object{Kind: directory.KindContact, Alias: alias, Title: title, GivenName: title, Surname: title}
		a := o.Attributes(directory.ModePlain, directory.Ref{})
		name := a["displayName"][0]
		if name != alias && !strings.HasSuffix(name, " ("+alias+")") {
			t.Errorf("displayName %q does not end in the alias %q", name, alias)
		}
		for attribute, most := range map[string]int{"displayName": 256, "givenName": 64, "sn": 64} {
			for _, v := range a[attribute] {
				checkText(t, attribute, v, most)
			}
		}
		if strings.HasPrefix(title, "x") && strings.HasPrefix(name, alias) && !strings.HasPrefix(alias, "x") {
			t.Errorf("displayName %q has lost the title %q", name, title)
		}
	})
}

func checkText(t *testing.T, name, v string, most int) {
	t.Helper()
	if n := len(utf16.Encode([]rune(v))); n > most || n == 0 {
		t.Errorf("%s %q has %d characters, want 1 to %d", name, v, n, most)
	}
	if !utf8.ValidString(v) || v != strings.TrimSpace(v) || strings.Contains(v, "  ") {
		t.Errorf("%s %q is not valid UTF-8, or has needless blanks", name, v)
	}
	for _, r := range v {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r) || r != ' ' && unicode.IsSpace(r) {
			t.Errorf("%s %q has a %U", name, v, r)
		}
	}
}
