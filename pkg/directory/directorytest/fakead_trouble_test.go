package directorytest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

// publishTo returns a publisher to a server.
func publishTo(t *testing.T, f *directorytest.FakeAD, installation, container string) *ldapdir.Publisher {
	t.Helper()
	p, err := ldapdir.OpenPublisher(ldapdir.Options{
		URL: f.LDAPS, CAFile: f.Authority, Base: directorytest.BaseDN, BindDN: directorytest.WriterDN,
		Password: func() (string, error) { return f.Password, nil },
	}, ldapdir.PublisherOptions{Container: container, Installation: installation})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// transient checks that an error says nothing but that nobody knows.
func transient(t *testing.T, what string, err error) {
	t.Helper()
	for _, answer := range []error{nil, fault.ErrNotFound, fault.ErrConflict, fault.ErrInvalid, directory.ErrAccess, directory.ErrNotOwned, directory.ErrUnsupported} {
		if errors.Is(err, answer) {
			t.Errorf("%s: got %v, want a transient error", what, err)
		}
	}
}

// TestChangesInTrouble has each change go wrong, before it is carried out or after, and puts
// it once more.
func TestChangesInTrouble(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]directorytest.Trouble{
		"busy":             {Code: ldap.LDAPResultBusy},
		"unavailable":      {Code: ldap.LDAPResultUnavailable, Done: true},
		"closed":           {Close: true},
		"closed when done": {Close: true, Done: true},
		"hangs when done":  {Hang: true, Done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := directorytest.StartFakeAD(t, directorytest.People(), directorytest.FakeADOptions{})
			p := publishTo(t, f, installation, directorytest.ContainerDN)
			// once has the first request of a kind go wrong.
			once := func(op string, stop func()) {
				done := false
				f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
					if r.Op != op || done {
						return directorytest.Trouble{}
					}
					done = true
					if trouble.Hang {
						stop()
					}
					return trouble
				})
			}
			ctx, o := t.Context(), directory.Object{Key: another, Kind: directory.KindGroup, Alias: "team"}
			var made directory.Actual
			refs, err := p.Resolve(ctx, []directory.Member{{Login: "alice"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				op string
				do func(context.Context) error
			}{
				{"add", func(ctx context.Context) (err error) {
					made, err = p.Create(ctx, o, directory.Attributes{"mail": {"team@docs.example.com"}})
					return err
				}},
				{"modify", func(ctx context.Context) error {
					_, err := p.Modify(ctx, made, []directory.Change{{Attribute: "mail", After: []string{"crew@docs.example.com"}}})
					return err
				}},
				{"modify", func(ctx context.Context) error { return p.ChangeMembers(ctx, made, refs, nil) }},
				{"modify", func(ctx context.Context) error { return p.ChangeMembers(ctx, made, nil, refs) }},
				{"rename", func(ctx context.Context) error { _, err := p.Rename(ctx, made, "crew"); return err }},
				{"delete", func(ctx context.Context) error { return p.Delete(ctx, made) }},
			} {
				stopped, stop := context.WithCancel(ctx)
				once(tt.op, stop)
				transient(t, tt.op, tt.do(stopped))
				stop()
				if err := tt.do(ctx); err != nil {
					t.Fatalf("%s once more: %v", tt.op, err)
				}
			}
			if _, err := p.ByID(ctx, made.ID); !errors.Is(err, fault.ErrNotFound) || f.Writes() == 0 {
				t.Errorf("got %v after %d writes, want that it is gone", err, f.Writes())
			}
		})
	}
}

// TestListsInTrouble has a list go wrong on its way: a part is no answer.
func TestListsInTrouble(t *testing.T) {
	t.Parallel()
	f := directorytest.StartFakeAD(t, directorytest.World{}, directorytest.FakeADOptions{Entries: 10})
	p := publishTo(t, f, installation, directorytest.ContainerDN)
	for i := range 25 {
		o := directory.Object{Key: fmt.Sprintf("33333333-3333-4333-8333-%012d", i), Kind: directory.KindContact, Alias: fmt.Sprint("c", i)}
		if _, err := p.Create(t.Context(), o, directory.Attributes{"sn": {"c"}}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(ctx context.Context) (n int, err error) {
		err = p.Each(ctx, func(directory.Actual) error { n++; return nil })
		return n, err
	}
	for name, trouble := range map[string]directorytest.Trouble{
		"the size limit":     {Code: ldap.LDAPResultSizeLimitExceeded},
		"the time limit":     {Code: ldap.LDAPResultTimeLimitExceeded},
		"the cookie is lost": {Code: ldap.LDAPResultUnwillingToPerform},
		"a referral":         {Code: ldap.LDAPResultReferral},
		"closed":             {Close: true},
		"hangs":              {Hang: true},
	} {
		for _, later := range []bool{false, true} {
			ctx, stop := context.WithCancel(t.Context())
			f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
				if !strings.Contains(r.Filter, directorytest.MarkerAttribute) || r.NextPage != later {
					return directorytest.Trouble{}
				}
				if trouble.Hang {
					stop()
				}
				return trouble
			})
			if n, err := list(ctx); err == nil {
				t.Errorf("%s, on a later page: %v: got %d objects, and no error", name, later, n)
			}
			stop()
		}
	}
	f.OnRequest(nil)
	if n, err := list(t.Context()); err != nil || n != 25 {
		t.Errorf("got %d objects, %v; want 25", n, err)
	}
}

// TestMembersChangeMeanwhile has a group change between two parts of its members.
func TestMembersChangeMeanwhile(t *testing.T) {
	t.Parallel()
	w := directorytest.World{Contacts: directorytest.CrowdOf(100)}
	f := directorytest.StartFakeAD(t, w, directorytest.FakeADOptions{Values: 30})
	p := publishTo(t, f, installation, directorytest.ContainerDN)
	group, err := p.Create(t.Context(), directory.Object{Key: another, Kind: directory.KindGroup, Alias: "team"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range w.Contacts {
		all = append(all, "CN="+c.Name+",OU=People,"+directorytest.BaseDN)
	}
	for _, left := range []int{0, 1, 29, 30, 31, 60, 99} {
		f.Set(group.Where, "member", all...)
		changed := false
		f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
			if slices.ContainsFunc(r.Attributes, func(a string) bool { return strings.HasPrefix(a, "member;range=30-") }) && !changed {
				changed = true
				f.Set(group.Where, "member", all[:left]...)
			}
			return directorytest.Trouble{}
		})
		refs, err := p.Members(t.Context(), group)
		if !changed || err == nil && len(refs) != left || errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%d are left: got %d, %v", left, len(refs), err)
		}
	}
}

// TestRefused has the server refuse the password.
func TestPasswordRefused(t *testing.T) {
	t.Parallel()
	f := directorytest.StartFakeAD(t, directorytest.World{}, directorytest.FakeADOptions{})
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if r.Op == "bind" {
			return directorytest.Trouble{Code: ldap.LDAPResultInvalidCredentials}
		}
		return directorytest.Trouble{}
	})
	p := publishTo(t, f, installation, directorytest.ContainerDN)
	if err := p.Each(t.Context(), func(directory.Actual) error { return nil }); !errors.Is(err, directory.ErrAccess) {
		t.Errorf("got %v, want %v", err, directory.ErrAccess)
	}
	if _, err := p.ByAlias(t.Context(), directorytest.Manual); !errors.Is(err, directory.ErrAccess) {
		t.Errorf("got %v, want %v", err, directory.ErrAccess)
	}
}
