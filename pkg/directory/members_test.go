package directory_test

import (
	"testing"

	"mailchute/pkg/directory"
)

func TestMembersDigest(t *testing.T) {
	t.Parallel()
	alice := directory.Member{Name: "user:alice", Login: "alice", Addresses: []string{"alice@x.example", "a@x.example"}}
	list := directory.Member{Name: "library invoices", ID: "id-1"}
	out := directory.Member{Name: "address:bob@y.example", Addresses: []string{"bob@y.example"}}
	base := directory.MembersDigest([]directory.Member{alice, list, out})
	edit := func(f func(*directory.Member)) []directory.Member {
		return []directory.Member{change(alice, f), list, out}
	}
	tests := []struct {
		name    string
		members []directory.Member
		same    bool
	}{
		{"another order", []directory.Member{out, alice, list}, true},
		{"one twice", []directory.Member{alice, list, out, alice}, true},
		{"addresses in another order and case", edit(func(m *directory.Member) { m.Addresses = []string{"A@x.example", "alice@X.example"} }), true},
		{"a login in another case", edit(func(m *directory.Member) { m.Login = "ALICE" }), true},
		{"nobody", nil, false},
		{"one less", []directory.Member{alice, list}, false},
		{"another login", edit(func(m *directory.Member) { m.Login = "alicia" }), false},
		{"another address", edit(func(m *directory.Member) { m.Addresses = []string{"alice@x.example"} }), false},
		{"an ID", edit(func(m *directory.Member) { m.ID = "id-2" }), false},
		{"another name", edit(func(m *directory.Member) { m.Name = "user:alicia" }), false},
		{"what looks like two", edit(func(m *directory.Member) { m.Addresses = []string{`alice@x.example" "a@x.example`} }), false},
	}
	for _, test := range tests {
		if got := directory.MembersDigest(test.members) == base; got != test.same {
			t.Errorf("%s: got the same digest: %v, want %v", test.name, got, test.same)
		}
	}
}
