package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func TestDirectoryPolicy(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	ctx := t.Context()
	kinds := func(create, rename, modify, remove bool) map[directory.RequestKind]bool {
		return map[directory.RequestKind]bool{
			directory.RequestCreate: create, directory.RequestRename: rename, directory.RequestModify: modify, directory.RequestDelete: remove,
		}
	}
	want := directory.Policy{Groups: true, Approve: kinds(true, true, false, true), Expire: 30 * day, Remind: 7 * day, RenameGrace: 30 * day}
	if diff := cmp.Diff(want, must(f.DirectoryPolicy(ctx))); diff != "" {
		t.Errorf("unset (-want +got):\n%s", diff)
	}
	f.must(f.SetSettings(ctx, map[string]string{
		"groups_allowed": "false", "approve_create": "false", "approve_rename": "false", "approve_modify": "true", "approve_delete": "false",
		"four_eyes": "true", "request_expire": "forever", "request_remind": "1d", "rename_grace": "0", "alias_keep": "12h",
		"alias_prefix": "sp-", "display_domain": "corp.example", "require_auth": "true", "hide_contacts": "true",
	}))
	want = directory.Policy{
		Approve: kinds(false, false, true, false), FourEyes: true, Remind: day, AliasKeep: 12 * time.Hour,
		AliasPrefix: "sp-", Domain: "corp.example", RequireAuth: true, Hidden: true,
	}
	if diff := cmp.Diff(want, must(f.DirectoryPolicy(ctx))); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
	for key, values := range map[string][]string{
		"groups_allowed": {"", "perhaps"}, "approve_delete": {"maybe"}, "request_expire": {"0", "0s", "", "-1d"}, "request_remind": {"never"},
		"rename_grace": {"forever", "", "-1h"}, "alias_keep": {"x"}, "alias_prefix": {"SP-", "a b", "-", ".", "ä", strings.Repeat("a", 33)},
		"display_domain": {"a@b", "a b", "[1.2.3.4]", "@"},
	} {
		for _, v := range values {
			wantRefused(t, key+"="+v, f.SetSettings(ctx, map[string]string{key: v}), fault.ErrInvalid)
		}
	}
	if a, b := must(f.Installation(ctx)), must(f.Installation(ctx)); a != b || len(a) != 36 {
		t.Errorf("got %q and %q, want one UUID", a, b)
	}
}

func TestFarmContacts(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			c := store.FarmContact{Alias: "Docs", FirstName: "Team", LastName: "Docs", Forward: "docs@farm.example", Client: "farm"}
			put := func(change func(*store.FarmContact), old string) error {
				with := c
				change(&with)
				return p.PutFarmContact(ctx, with, old)
			}
			same := func(*store.FarmContact) {}
			alias := func(a string) func(*store.FarmContact) { return func(c *store.FarmContact) { c.Alias = a } }
			p.must(put(same, ""))
			wantRefused(t, "again", put(same, ""), fault.ErrConflict, "contact docs of another farm")
			wantRefused(t, "a library's", put(alias("in"), ""), fault.ErrConflict, "library in")
			wantRefused(t, "no alias", put(alias("a+b"), ""), fault.ErrInvalid)
			wantRefused(t, "no address", put(func(c *store.FarmContact) { c.Alias, c.Forward = "x", "x" }, ""), fault.ErrInvalid)
			wantRefused(t, "no name", put(func(c *store.FarmContact) { c.Alias, c.LastName = "x", "a\nb" }, ""), fault.ErrInvalid)
			wantRefused(t, "not there", put(alias("x"), "x"), fault.ErrNotFound)
			wantRefused(t, "another client's", put(func(c *store.FarmContact) { c.Client = "eve" }, "docs"), fault.ErrNotFound)
			wantRefused(t, "to a library's", put(alias("in"), "docs"), fault.ErrConflict, "library in")
			key := must(p.FarmContacts(ctx))[0].Key
			p.must(put(alias("papers"), "DOCS"))
			all := must(p.FarmContacts(ctx))
			if len(all) != 1 || all[0].Key != key || all[0].Alias != "papers" {
				t.Errorf("got %+v, want the same under another alias", all)
			}
			if got := p.addressee("docs") + ", " + p.addressee("papers"); got != "nobody, reserved" {
				t.Errorf("got %s", got)
			}
			wantRefused(t, "remove another client's", p.RemoveFarmContact(ctx, "eve", "papers"), fault.ErrNotFound)
			p.must(p.RemoveFarmContact(ctx, "farm", "Papers"))
			wantRefused(t, "remove again", p.RemoveFarmContact(ctx, "farm", "papers"), fault.ErrNotFound)
			if got := p.addressee("papers"); got != "nobody" {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestFarmDistributions(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			ask := func(alias, want string) (directory.Request, error) {
				return p.AskFarmDistribution(ctx, alias, store.Ask{Want: directory.Properties{LocalPart: want}, Delete: want == "", Actor: "farm"})
			}
			_, err := ask("sales", "other")
			wantRefused(t, "rename of none", err, fault.ErrNotFound)
			_, err = ask("sales", "")
			wantRefused(t, "delete of none", err, fault.ErrNotFound)
			_, err = ask("in", "in")
			wantRefused(t, "a library's", err, fault.ErrConflict, "library in")
			r := must(ask("sales", "sales"))
			if r.State != directory.Pending || r.Requester != "farm" || r.Name != "group sales of another farm" {
				t.Errorf("got %+v", r)
			}
			p.follow(must(p.ApproveRequest(ctx, r.ID, store.Verdict{})))
			p.follow(must(p.ApproveRequest(ctx, must(ask("Sales", "market")).ID, store.Verdict{})))
			_, _, err = p.FarmDistribution(ctx, "farm", "sales")
			wantRefused(t, "by the alias that it had", err, fault.ErrNotFound)
			find := func(alias string) store.Distribution {
				d, _, err := p.FarmDistribution(ctx, "farm", alias)
				p.must(err)
				return d
			}
			d := find("market")
			if d.Key != r.Distribution || d.Name != "group market of another farm" || p.addressee("sales") != d.Name {
				t.Errorf("got %+v, and sales is of %s", d, p.addressee("sales"))
			}
			set := func(members ...string) error {
				return p.SetFarmMembers(ctx, "farm", "market", func([]string) ([]string, error) { return members, nil })
			}
			p.must(set("user:b", "contact:c", "user:b"))
			last := must(p.LastChange(ctx))
			p.must(set("contact:c", "user:b"))
			if diff := cmp.Diff([]string{"contact:c", "user:b"}, find("Market").Members); diff != "" || must(p.LastChange(ctx)) != last {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			for _, bad := range []string{"alice", "contact:", "group:team", "user:"} {
				wantRefused(t, bad, set(bad), fault.ErrInvalid)
			}
			p.follow(must(p.ApproveRequest(ctx, must(ask("market", "")).ID, store.Verdict{})))
			_, _, err = p.FarmDistribution(ctx, "farm", "market")
			wantRefused(t, "when it is gone", err, fault.ErrNotFound)
			p.checkEvents()
		})
	}
}

// A distribution group of another farm is that of the client who asked for it, whoever asks
// in between, and whatever it is renamed to.
func TestFarmDistributionOfAnother(t *testing.T) {
	t.Parallel()
	for name, catalog := range catalogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublishing(t, catalog(t))
			ctx := t.Context()
			ask := func(client, alias, want string) (directory.Request, error) {
				return p.AskFarmDistribution(ctx, alias, store.Ask{Want: directory.Properties{LocalPart: want}, Delete: want == "", Actor: client})
			}
			refused := func(alias string) {
				t.Helper()
				for _, want := range []string{alias, "theirs", ""} {
					_, err := ask("eve", alias, want)
					wantRefused(t, fmt.Sprintf("eve asks for %q of %s", want, alias), err, directory.ErrAccess)
				}
				err := p.SetFarmMembers(ctx, "eve", alias, func([]string) ([]string, error) { return []string{"user:eve"}, nil })
				wantRefused(t, "members", err, directory.ErrAccess)
				_, _, err = p.FarmDistribution(ctx, "eve", alias)
				wantRefused(t, "look", err, directory.ErrAccess)
			}
			r := must(ask("farm", "sales", "sales"))
			refused("sales")
			p.follow(must(p.ApproveRequest(ctx, r.ID, store.Verdict{})))
			refused("SALES")
			r = must(ask("farm", "sales", "market"))
			refused("market")
			p.follow(must(p.ApproveRequest(ctx, r.ID, store.Verdict{})))
			refused("market")
			d, open, err := p.FarmDistribution(ctx, "farm", "market")
			if err != nil || open.ID != 0 || d.Client != "farm" || d.Members != nil {
				t.Errorf("got %+v, %+v, %v, want the client's as it was", d, open, err)
			}
			r = must(ask("farm", "market", ""))
			if _, open, err := p.FarmDistribution(ctx, "farm", "market"); err != nil || open.ID != r.ID {
				t.Errorf("got %+v, %v, want the open request", open, err)
			}
			refused("market")
			p.follow(must(p.ApproveRequest(ctx, r.ID, store.Verdict{})))
			if r := must(ask("eve", "market", "market")); r.Requester != "eve" {
				t.Errorf("got %+v, want what is gone to be anybody's", r)
			}
			p.must(p.AddGroup(ctx, access.Group{Name: "own"}))
			must(p.ask("own", "own"))
			_, err = ask("farm", "own", "own")
			wantRefused(t, "a group of the catalog", err, fault.ErrConflict, "group own")
			_, _, err = p.FarmDistribution(ctx, "", "own")
			wantRefused(t, "no client", err, fault.ErrNotFound)
			err = p.SetFarmMembers(ctx, "", "own", func([]string) ([]string, error) { return nil, nil })
			wantRefused(t, "members of a group of the catalog", err, fault.ErrNotFound)
			by := map[string]bool{}
			p.must(p.catalog.View(ctx, func(tx store.Tx) error {
				changes, err := tx.Changes(0)
				for _, c := range changes {
					by[c.Actor] = true
				}
				return err
			}))
			if !by["farm"] || !by["eve"] {
				t.Errorf("got %v as the actors of changes, want the clients among them", by)
			}
		})
	}
}
