package directorytest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// Run asks a directory that holds People about all of it.
func Run(t *testing.T, d directory.People) {
	t.Run("ByAddress", func(t *testing.T) { byAddress(t, d) })
	t.Run("ByLogin", func(t *testing.T) { byLogin(t, d) })
	t.Run("GroupsOf", func(t *testing.T) { groupsOf(t, d) })
	t.Run("Group", func(t *testing.T) { group(t, d) })
	t.Run("Injection", func(t *testing.T) { injection(t, d) })
}

// The answers that are no person and no group.
const (
	nobody    = "nobody"
	ambiguous = "ambiguous"
)

// said returns an answer as the tables have it: what was found, or one of those above.
func said(found string, err error) string {
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nobody
	case errors.Is(err, directory.ErrAmbiguous):
		return ambiguous
	case err != nil:
		return "error: " + err.Error()
	}
	return found
}

func byAddress(t *testing.T, d directory.People) {
	for _, tt := range []struct{ name, address, want string }{
		{"mail", "bob@corp.example", "bob"},
		{"mail in another case", "ALICE.archer@Corp.Example", "alice"},
		{"a second address", "alice@corp.example", "alice"},
		{"an address of another domain", "a.archer@old.corp.example", "alice"},
		{"a user principal name", "una.uno@corp.example", "una"},
		{"an account with an odd name", "eve@corp.example", "evil"},
		{"a star is a star", "star*@corp.example", "star"},
		{"and no pattern", "sta*@corp.example", nobody},
		{"quotes that are needed", `"odd \"name\""@corp.example`, "quentin"},
		{"quotes that are not", `"bob"@corp.example`, "bob"},
		{"beyond ASCII", "zoë@corp.example", "zoe"},
		{"beyond ASCII, written another way", "zoe\u0308@corp.example", nobody},
		{"beyond ASCII, in capitals", "ZOË@corp.example", nobody},
		{"a look-alike", "ｂｏｂ@corp.example", nobody},
		{"a look-alike in ASCII's lower case", "\u212aarol@corp.example", nobody},
		{"disabled", "dave@corp.example", nobody},
		{"a disabled one's, who has a successor", "was.dave@corp.example", "dora"},
		{"of two", "twin@corp.example", ambiguous},
		{"of two in another case", "Twin@CORP.example", ambiguous},
		{"of one of the two", "twin2@corp.example", "twin2"},
		{"a contact", "ernie@elsewhere.example", nobody},
		{"a group", "staff@corp.example", nobody},
		{"an address that is not for mail", "talk@corp.example", nobody},
		{"a kind of address before it", "smtp:bob@corp.example", nobody},
		{"another domain", "bob@corp.example.net", nobody},
		{"a plus part", "bob+x@corp.example", nobody},
		{"nobody's", "nemo@corp.example", nobody},
	} {
		a, err := address.ParseMailbox(tt.address)
		if err != nil && tt.want != nobody {
			t.Fatal(err)
		}
		p, err := d.ByAddress(t.Context(), a)
		if got := said(p.Login, err); got != tt.want {
			t.Errorf("%s: %s: got %s, want %s", tt.name, tt.address, got, tt.want)
		}
	}
	for _, a := range []address.Address{{}, {Local: "alice"}, {Local: "bob"}, {Domain: "corp.example"}} {
		if p, err := d.ByAddress(t.Context(), a); said(p.Login, err) != nobody {
			t.Errorf("%#v: got %+v, %v; want %s", a, p, err, nobody)
		}
	}
	alice, err := d.ByAddress(t.Context(), address.Address{Local: "alice", Domain: "corp.example"})
	if err != nil {
		t.Fatal(err)
	}
	want := directory.Person{
		ID: alice.ID, Login: "alice", Name: "Alice Archer",
		Addresses: []string{"Alice.Archer@corp.example", "a.archer@old.corp.example", "alice@corp.example"},
	}
	if len(alice.Addresses) > 0 {
		slices.Sort(alice.Addresses[1:]) // a directory has no order of values
	}
	if diff := gocmp.Diff(want, alice); diff != "" {
		t.Errorf("alice (-want +got):\n%s", diff)
	}
}

func byLogin(t *testing.T, d directory.People) {
	for _, tt := range []struct{ name, login, want string }{
		{"a login", "alice", "alice"},
		{"in another case", "Alice", "alice"},
		{"a user principal name", "alice@corp.example", "alice"},
		{"an address", "Alice.Archer@corp.example", nobody},
		{"disabled", "dave", nobody},
		{"disabled, a user principal name", "dave@corp.example", nobody},
		{"a group", "engineers", nobody},
		{"a contact", "External Ernie", nobody},
		{"a look-alike", "ａlice", nobody},
		{"a look-alike in ASCII's lower case", "\u212aarol", nobody},
		{"blanks around it", " alice ", nobody},
		{"nobody's", "nemo", nobody},
		{"none", "", nobody},
	} {
		p, err := d.ByLogin(t.Context(), tt.login)
		if got := said(p.Login, err); got != tt.want {
			t.Errorf("%s: %q: got %s, want %s", tt.name, tt.login, got, tt.want)
		}
		if err != nil {
			continue
		}
		if again, err := d.ByLogin(t.Context(), p.Login); err != nil || again.ID != p.ID {
			t.Errorf("%s: got %+v, %v; want the ID %s again", tt.name, again, err, p.ID)
		}
	}
}

func groupsOf(t *testing.T, d directory.People) {
	var chain []string
	for _, g := range Chain("", deep) {
		chain = append(chain, g.Name)
	}
	for _, tt := range []struct {
		name, login string
		want        []string
	}{
		{"through three groups", "alice", []string{"engineers", "dept", "staff", "everything", oddGroup}},
		{"through two", "bob", []string{"dept", "staff", "everything"}},
		{"a name that must be escaped", "evil", []string{"engineers", "dept", "staff", "everything"}},
		{"groups within each other, and within themselves", "carol", []string{"loop-a", "loop-b", "itself"}},
		{"as many levels as may be", "diver", chain},
		{"none", "una", nil},
	} {
		p, err := d.ByLogin(t.Context(), tt.login)
		if err != nil {
			t.Fatal(err)
		}
		groups, err := d.GroupsOf(t.Context(), p)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if !slices.IsSortedFunc(groups, func(a, b directory.Group) int { return cmp.Compare(a.ID, b.ID) }) {
			t.Errorf("%s: the groups are not in the order of their IDs: %v", tt.name, groups)
		}
		slices.Sort(tt.want)
		if diff := gocmp.Diff(tt.want, ours(t, d, groups)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, id := range []string{"", "alice", "00000000-0000-4000-8000-000000000000", "*"} {
		groups, err := d.GroupsOf(t.Context(), directory.Person{ID: id, Login: "alice"})
		if got := said(fmt.Sprint(groups), err); got != nobody {
			t.Errorf("ID %q: got %s, want %s", id, got, nobody)
		}
	}
}

// ours returns the names of the groups of People among groups, sorted, and checks that they
// are those that Group returns. A directory may have groups of its own.
func ours(t *testing.T, d directory.People, groups []directory.Group) (names []string) {
	t.Helper()
	for _, g := range groups {
		if !slices.ContainsFunc(People().Groups, func(known Group) bool { return known.Name == g.Name }) {
			continue
		}
		names = append(names, g.Name)
		if same, err := d.Group(t.Context(), g.Name); err != nil || same != g {
			t.Errorf("group %q: got %v, %v; want %v", g.Name, same, err, g)
		}
	}
	slices.Sort(names)
	return names
}

func group(t *testing.T, d directory.People) {
	for _, tt := range []struct{ name, asked, want string }{
		{"a name", "engineers", "engineers"},
		{"in another case", "Engineers", "engineers"},
		{"a distribution group", "staff", "staff"},
		{"without members", "empty", "empty"},
		{"an odd name", oddGroup, oddGroup},
		{"a user", "alice", nobody},
		{"a user's whole name", "Alice Archer", nobody},
		{"a contact", "External Ernie", nobody},
		{"a look-alike", "ｓtaff", nobody},
		{"a part", "engineer", nobody},
		{"an ID that nobody has", "00000000-0000-4000-8000-000000000000", nobody},
		{"a distinguished name that nobody has", "CN=nemo,DC=corp,DC=example", nobody},
		{"none", "", nobody},
	} {
		g, err := d.Group(t.Context(), tt.asked)
		if got := said(g.Name, err); got != tt.want {
			t.Errorf("%s: %q: got %s, want %s", tt.name, tt.asked, got, tt.want)
		}
		if err != nil {
			continue
		}
		for _, id := range []string{g.ID, strings.ToUpper(g.ID)} {
			if again, err := d.Group(t.Context(), id); err != nil || again != g {
				t.Errorf("%s: by the ID %s: got %v, %v; want %v", tt.name, id, again, err, g)
			}
		}
	}
	p, err := d.ByLogin(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if g, err := d.Group(t.Context(), p.ID); said(g.Name, err) != nobody {
		t.Errorf("the ID of a user: got %v, %v; want %s", g, err, nobody)
	}
}

// injection asks for what would be found if it were a part of the question.
func injection(t *testing.T, d directory.People) {
	type question func(context.Context, string) (string, error)
	for name, ask := range map[string]question{
		"address": func(ctx context.Context, s string) (string, error) {
			p, err := d.ByAddress(ctx, address.Address{Local: s, Domain: "corp.example"})
			return p.Login, err
		},
		"domain": func(ctx context.Context, s string) (string, error) {
			p, err := d.ByAddress(ctx, address.Address{Local: "alice", Domain: s})
			return p.Login, err
		},
		"login": func(ctx context.Context, s string) (string, error) {
			p, err := d.ByLogin(ctx, s)
			return p.Login, err
		},
		"group": func(ctx context.Context, s string) (string, error) {
			g, err := d.Group(ctx, s)
			return g.Name, err
		},
	} {
		for _, s := range []string{
			"*", "a*", "*lice", "**", "(", ")", "()", "&", "|", "!", "=", "\\", "\\2a", "\\00", "#", "",
			"*)(objectClass=*", "alice)(objectClass=*", "alice)(|(objectClass=*)", "nemo)(sAMAccountName=alice",
			"x)(|(uid=alice)(cn=engineers)", "alice))(|(cn=*", "*)(cn=*))(|(cn=*", "alice*", "engineers*", "eng\\2a",
			"alice\x00", "\x00", "engineers\x00", "alice\n", "alice\r\n", "alice\x7f", "alice\xff", "\xc0\xaa",
			"alice ", "alice,DC=corp,DC=example", "CN=*", "CN=*,DC=corp,DC=example", "<GUID=*>", "<SID=S-1-5-32-544>",
			"corp.example)(mail=*", "corp.example*", strings.Repeat("a", 100_000), strings.Repeat("*", 300),
		} {
			got, err := ask(t.Context(), s)
			if said(got, err) != nobody {
				t.Errorf("%s %.40q: got %q, %v; want %s", name, s, got, err, nobody)
			}
		}
	}
}
