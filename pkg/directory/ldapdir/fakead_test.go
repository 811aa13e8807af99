package ldapdir_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

// fake returns a server and a publisher on it.
func fake(t *testing.T, w directorytest.World, o directorytest.FakeADOptions) (*directorytest.FakeAD, *ldapdir.Publisher) {
	t.Helper()
	f := directorytest.StartFakeAD(t, w, o)
	return f, publisher(t, fakeOptions(f), published(newID()))
}

func fakeOptions(f *directorytest.FakeAD) ldapdir.Options {
	return as(ldapdir.Options{URL: f.LDAPS, CAFile: f.Authority, Base: directorytest.BaseDN}, directorytest.WriterDN, f.Password)
}

func crowdRefs(n int) (refs []directory.Ref) {
	for _, c := range directorytest.CrowdOf(n) {
		refs = append(refs, directory.Ref{Key: "cn=" + c.Name, Name: "CN=" + c.Name + ",OU=People," + directorytest.BaseDN})
	}
	return refs
}

func names(refs []directory.Ref) (all []string) {
	for _, r := range refs {
		all = append(all, r.Name)
	}
	slices.Sort(all)
	return all
}

// TestListing lists more objects than a page has, on a server that goes wrong meanwhile: all
// of them are listed, or there is an error.
func TestListing(t *testing.T) {
	t.Parallel()
	const objects = 30
	f, p := fake(t, directorytest.World{}, directorytest.FakeADOptions{Entries: 10})
	for i := range objects {
		create(t, p, object(directory.KindContact, fmt.Sprint("c", i)))
	}
	for name, tt := range map[string]struct {
		trouble directorytest.Trouble
		first   bool
		all     bool
	}{
		"well":                      {all: true},
		"more than it gives":        {trouble: directorytest.Trouble{Code: 4}},
		"more than it gives, first": {trouble: directorytest.Trouble{Code: 4}, first: true},
		"the cookie is lost":        {trouble: directorytest.Trouble{Code: 53}},
		"busy":                      {trouble: directorytest.Trouble{Code: 51}},
		"a referral":                {trouble: directorytest.Trouble{Code: 10}},
		"the connection ends":       {trouble: directorytest.Trouble{Close: true}},
	} {
		f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
			if r.Op == "search" && r.NextPage != tt.first && strings.Contains(r.Filter, "adminDescription") {
				return tt.trouble
			}
			return directorytest.Trouble{}
		})
		seen := 0
		err := p.Each(t.Context(), func(directory.Actual) error {
			seen++
			return nil
		})
		switch {
		case tt.all && (err != nil || seen != objects):
			t.Errorf("%s: got %d, %v", name, seen, err)
		case !tt.all:
			unknown(t, err)
		}
	}
	f.OnRequest(nil)
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := p.Each(ctx, func(directory.Actual) error {
		if seen++; seen == 15 {
			cancel()
		}
		return nil
	})
	if fault.Of(err) != fault.Interrupted || seen == objects {
		t.Errorf("stopped: got %v after %d", err, seen)
	}
}

// TestEachMayAsk has whoever is told of an object ask for others.
func TestEachMayAsk(t *testing.T) {
	t.Parallel()
	_, p := fake(t, directorytest.World{}, directorytest.FakeADOptions{Entries: 2})
	for i := range 7 {
		create(t, p, object(directory.KindContact, fmt.Sprint("c", i)))
	}
	seen := 0
	err := p.Each(t.Context(), func(a directory.Actual) error {
		seen++
		if again, err := p.ByID(t.Context(), a.ID); err != nil || again.ID != a.ID {
			return fmt.Errorf("got %v, %w", again, err)
		}
		_, err := p.Modify(t.Context(), a, set("displayName", "seen"))
		return err
	})
	if err != nil || seen != 7 {
		t.Errorf("got %d, %v", seen, err)
	}
}

func TestPublisherFollowsNoReferrals(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, func(net.Conn) { t.Error("somebody came by a referral") })
	_, p := fake(t, directorytest.People(), directorytest.FakeADOptions{Referral: "ldap://" + elsewhere})
	o := object(directory.KindGroup, "team")
	create(t, p, o)
	refs, err := p.Resolve(t.Context(), []directory.Member{{Login: "bob"}})
	if err != nil || refs[0].Name == "" {
		t.Errorf("got %v, %v", refs, err)
	}
	if uses, err := p.InUse(t.Context(), []string{o.Alias}, o.Addresses, ""); err != nil || len(uses) != 2 {
		t.Errorf("got %v, %v; want the alias and the address", uses, err)
	}
}

// TestLostAnswerOfALook asks once more where the connection ends.
func TestLostAnswerOfALook(t *testing.T) {
	t.Parallel()
	f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	a := create(t, p, object(directory.KindGroup, "team"))
	var asked atomic.Int32
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		return directorytest.Trouble{Close: r.Op == "search" && asked.Add(1) == 1}
	})
	if got, err := p.ByID(t.Context(), a.ID); err != nil || got.ID != a.ID {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestResults has the server refuse changes, for whatever reason.
func TestResults(t *testing.T) {
	t.Parallel()
	f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	a := create(t, p, object(directory.KindGroup, "team"))
	contact := create(t, p, object(directory.KindContact, "contact"))
	for code, want := range map[int]error{
		1: nil, 3: nil, 8: directory.ErrAccess, 10: directory.ErrUnsupported, 11: nil, 12: directory.ErrUnsupported, 13: directory.ErrAccess,
		16: directory.ErrNotOwned, 17: directory.ErrUnsupported, 19: fault.ErrInvalid, 20: fault.ErrInvalid, 21: fault.ErrInvalid, 32: nil, 34: fault.ErrInvalid,
		50: directory.ErrAccess, 51: nil, 52: nil, 53: nil, 64: fault.ErrInvalid, 65: fault.ErrInvalid, 66: fault.ErrConflict, 67: fault.ErrInvalid,
		68: fault.ErrConflict, 69: fault.ErrInvalid, 80: nil, 85: nil, 4711: nil,
	} {
		f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
			if slices.Contains([]string{"add", "modify", "delete", "rename"}, r.Op) {
				return directorytest.Trouble{Code: code}
			}
			return directorytest.Trouble{}
		})
		_, modified := p.Modify(t.Context(), a, set("displayName", "changed"))
		_, renamed := p.Rename(t.Context(), a, "other")
		o := object(directory.KindContact, "new")
		_, created := p.Create(t.Context(), o, attributes(o))
		for op, err := range map[string]error{"modify": modified, "rename": renamed, "create": created, "delete": p.Delete(t.Context(), contact)} {
			if op != "modify" && code == 16 {
				continue
			}
			if want == nil {
				unknown(t, err)
			}
			for _, sentinel := range []error{directory.ErrAccess, directory.ErrNotOwned, directory.ErrUnsupported, fault.ErrConflict, fault.ErrInvalid, fault.ErrNotFound} {
				if errors.Is(err, sentinel) != errors.Is(want, sentinel) {
					t.Errorf("%s, code %d: got %v, want %v", op, code, err, want)
				}
			}
		}
	}
}

func TestRefusedLook(t *testing.T) {
	t.Parallel()
	f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	if _, err := p.Preflight(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if r.Op == "search" {
			return directorytest.Trouble{Code: 50}
		}
		return directorytest.Trouble{}
	})
	if err := p.Each(t.Context(), func(directory.Actual) error { return nil }); !errors.Is(err, directory.ErrAccess) {
		t.Errorf("list: got %v, want %v", err, directory.ErrAccess)
	}
	if _, err := p.ByAlias(t.Context(), "team"); !errors.Is(err, directory.ErrAccess) {
		t.Errorf("look: got %v, want %v", err, directory.ErrAccess)
	}
	if _, err := publisher(t, as(fakeOptions(f), directorytest.WriterDN, password), published(newID())).Preflight(t.Context()); !errors.Is(err, directory.ErrAccess) || strings.Contains(err.Error(), password) {
		t.Errorf("wrong password: got %v, want %v", err, directory.ErrAccess)
	}
}

// TestMarkerTakenMeanwhile takes an object away when it was looked at and not yet changed.
func TestMarkerTakenMeanwhile(t *testing.T) {
	t.Parallel()
	f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
	a := create(t, p, object(directory.KindGroup, "team"))
	f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
		if r.Op == "modify" {
			f.Set(a.Where, "adminDescription", "somebody else's")
		}
		return directorytest.Trouble{}
	})
	before := f.Writes()
	_, modified := p.Modify(t.Context(), a, set("displayName", "changed"))
	f.Set(a.Where, "adminDescription", a.Marker)
	members := p.ChangeMembers(t.Context(), a, []directory.Ref{{Key: "bob", Name: "CN=Bob Baker,OU=People," + directorytest.BaseDN}}, nil)
	for op, err := range map[string]error{"modify": modified, "members": members} {
		if !errors.Is(err, directory.ErrNotOwned) {
			t.Errorf("%s: got %v, want %v", op, err, directory.ErrNotOwned)
		}
	}
	if f.Writes() != before {
		t.Errorf("%d writes, want none", f.Writes()-before)
	}
}

// TestSecurityGroup has somebody make a group grant rights.
func TestSecurityGroup(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"-2147483640", "2147483656", "-2147483646"} {
		f, p := fake(t, directorytest.People(), directorytest.FakeADOptions{})
		o := object(directory.KindGroup, "team")
		a := create(t, p, o)
		f.Set(a.Where, "groupType", kind)
		before := f.Writes()
		_, modified := p.Modify(t.Context(), a, set("displayName", "changed"))
		members := p.ChangeMembers(t.Context(), a, []directory.Ref{{Key: "bob", Name: "CN=Bob Baker,OU=People," + directorytest.BaseDN}}, nil)
		for op, err := range map[string]error{"modify": modified, "members": members, "delete": p.Delete(t.Context(), a)} {
			if !errors.Is(err, directory.ErrNotOwned) {
				t.Errorf("%s: got %v, want %v", op, err, directory.ErrNotOwned)
			}
		}
		if _, err := p.Create(t.Context(), o, attributes(o)); !errors.Is(err, fault.ErrConflict) {
			t.Errorf("create: got %v, want %v", err, fault.ErrConflict)
		}
		if now, err := p.ByID(t.Context(), a.ID); err != nil || now.Kind != "" || f.Writes() != before {
			t.Errorf("got %+v, %v and %d writes", now, err, f.Writes()-before)
		}
	}
}

// TestAccountNames has accounts of users that groups would have.
func TestAccountNames(t *testing.T) {
	t.Parallel()
	w := directorytest.World{}
	for i, login := range []string{"sp-team", "SP-Crew"} {
		w.Users = append(w.Users, directorytest.User{Name: fmt.Sprint("user", i), Login: login})
	}
	f, p := fake(t, w, directorytest.FakeADOptions{})
	free, team := object(directory.KindGroup, "free"), object(directory.KindGroup, "team")
	got := map[string][]string{}
	first := create(t, p, free)
	got["free"] = first.Attributes["sAMAccountName"]
	got["team"] = create(t, p, team).Attributes["sAMAccountName"]
	if _, err := p.Create(t.Context(), team, attributes(team)); err != nil {
		t.Error(err)
	}
	for _, alias := range []string{"Crew", "crew", "other"} {
		now, err := p.Rename(t.Context(), first, alias)
		if err != nil {
			t.Error(err)
		}
		got["renamed to "+alias] = now.Attributes["sAMAccountName"]
	}
	f.Set("CN=other,"+directorytest.ContainerDN, "sAMAccountName", "sp-free") // as if a rename came no further
	now, err := p.Modify(t.Context(), first, set("displayName", "changed"))
	if err != nil {
		t.Error(err)
	}
	got["changed"] = now.Attributes["sAMAccountName"]
	want := map[string][]string{
		"free": {"sp-free"}, "team": {"sp-team-" + team.Key[:4]}, "renamed to Crew": {"sp-Crew-" + free.Key[:4]},
		"renamed to crew": {"sp-Crew-" + free.Key[:4]}, "renamed to other": {"sp-other"}, "changed": {"sp-other"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("account names (-want +got):\n%s", diff)
	}
	f.Set(now.Where, "adminDescription", now.Marker[:strings.LastIndex(now.Marker, ":")]+":a") // as if somebody had edited it
	if now, err = p.ByID(t.Context(), now.ID); err != nil {
		t.Fatal(err)
	}
	if now, err = p.Rename(t.Context(), now, "team2"); err != nil || now.Attributes["sAMAccountName"][0] != "sp-team2" {
		t.Errorf("got %+v, %v", now, err)
	}
	f.Set("CN=user0,OU=People,"+directorytest.BaseDN, "sAMAccountName", "sp-team3")
	if now, err = p.Rename(t.Context(), now, "team3"); err != nil || now.Attributes["sAMAccountName"][0] != "sp-team3-a" {
		t.Errorf("got %+v, %v", now, err)
	}
	both := object(directory.KindGroup, "both")
	f.Set("CN=user0,OU=People,"+directorytest.BaseDN, "sAMAccountName", "sp-both")
	f.Set("CN=user1,OU=People,"+directorytest.BaseDN, "sAMAccountName", "sp-both-"+both.Key[:4])
	if _, err := p.Create(t.Context(), both, attributes(both)); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("both names are taken: got %v, want %v", err, fault.ErrConflict)
	}
}

// TestServerHangsMeanwhile has a server that does not answer: that has an end.
func TestServerHangsMeanwhile(t *testing.T) {
	t.Parallel()
	f := directorytest.StartFakeAD(t, directorytest.World{}, directorytest.FakeADOptions{})
	a := create(t, publisher(t, fakeOptions(f), published(strings.Repeat("1", 8)+"-1111-4111-8111-111111111111")), object(directory.KindGroup, "team"))
	for _, op := range []string{"bind", "search", "modify"} {
		f.OnRequest(func(r directorytest.FakeRequest) directorytest.Trouble {
			return directorytest.Trouble{Hang: r.Op == op}
		})
		o := fakeOptions(f)
		o.Timeout = 100 * time.Millisecond
		p := publisher(t, o, published(strings.Repeat("1", 8)+"-1111-4111-8111-111111111111"))
		_, err := p.Modify(t.Context(), a, set("displayName", "changed"))
		unknown(t, err)
		if err == nil || !strings.Contains(err.Error(), "no answer in time") {
			t.Errorf("%s: got %v, want that there was no answer in time", op, err)
		}
	}
}
