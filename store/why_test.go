package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

func TestWhy(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	f.must(f.AddUser(ctx, access.User{Login: "alice"}))
	f.must(f.AddGroup(ctx, access.Group{Name: "finance", Members: []access.Principal{access.UserPrincipal("alice")}}))
	f.must(f.AddGroup(ctx, access.Group{Name: "staff", Members: []access.Principal{access.GroupPrincipal("finance")}}))
	lib := library.Library{Name: "invoices", Site: "default", LocalPart: "invoices", Inherit: true}
	f.must(f.AddLibrary(ctx, lib))
	read := access.Grant{Scope: access.Scope{Kind: access.ScopeLibrary, Name: "invoices"}, Principal: access.Everyone(), Level: access.Read}
	add := access.Grant{Scope: access.Scope{Kind: access.ScopeSite, Name: "default"}, Principal: access.GroupPrincipal("staff"), Level: access.Contribute}
	f.must(f.Grant(ctx, read))
	f.must(f.Grant(ctx, add))

	alice := access.UserPrincipal("alice")
	want := access.Grounds{
		Level: access.Contribute, Grant: add,
		Through: []access.Principal{alice, access.GroupPrincipal("finance"), access.GroupPrincipal("staff")},
	}
	if diff := cmp.Diff(want, must(f.Why(ctx, "alice", lib))); diff != "" {
		t.Errorf("alice (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(access.Grounds{}, must(f.Why(ctx, "", lib))); diff != "" {
		t.Errorf("nobody (-want +got):\n%s", diff)
	}

	outside := access.DirectoryGroupPrincipal("1")
	full := access.Grant{Scope: read.Scope, Principal: outside, Level: access.FullControl}
	f.must(f.Grant(ctx, full))
	want = access.Grounds{Level: access.FullControl, Grant: full, Through: []access.Principal{access.UserPrincipal("ldap:carol"), outside}}
	if diff := cmp.Diff(want, must(f.Why(ctx, "ldap:carol", lib, outside))); diff != "" {
		t.Errorf("a person of the directory (-want +got):\n%s", diff)
	}

	lib.Inherit = false
	want = access.Grounds{Level: access.Read, Grant: read, Through: []access.Principal{alice, access.Everyone()}}
	if diff := cmp.Diff(want, must(f.Why(ctx, "alice", lib))); diff != "" {
		t.Errorf("without the site's grants (-want +got):\n%s", diff)
	}
}
