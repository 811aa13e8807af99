package store_test

import (
	"context"
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// Each change of the farm's configuration moves LastChange; one that was refused does not.
func TestLastChange(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	grant := access.Grant{Scope: access.Scope{Kind: access.ScopeSite, Name: "s"}, Principal: access.GroupPrincipal("g"), Level: access.Read}
	last := must(f.LastChange(t.Context()))
	for _, row := range []struct {
		what   string
		change func(context.Context) error
	}{
		{"site add", func(ctx context.Context) error { return f.AddSite(ctx, library.Site{Name: "s"}) }},
		{"library add", func(ctx context.Context) error { return f.AddLibrary(ctx, library.Library{Name: "l", Site: "s"}) }},
		{"library set", func(ctx context.Context) error {
			return f.SetLibrary(ctx, "l", func(l *library.Library) error { l.LocalPart = "bills"; return nil })
		}},
		{"user add", func(ctx context.Context) error { return f.AddUser(ctx, access.User{Login: "u"}) }},
		{"group add", func(ctx context.Context) error { return f.AddGroup(ctx, access.Group{Name: "g", Site: "s"}) }},
		{"site set", func(ctx context.Context) error {
			return f.SetSite(ctx, "s", func(s *library.Site) error { s.Title = "S"; return nil })
		}},
		{"user set", func(ctx context.Context) error {
			return f.SetUser(ctx, "u", func(u *access.User) error { u.Name = "U"; return nil })
		}},
		{"group set", func(ctx context.Context) error {
			return f.SetGroup(ctx, "g", func(g *access.Group) error { g.Title = "G"; return nil })
		}},
		{"grant", func(ctx context.Context) error { return f.Grant(ctx, grant) }},
		{"revoke", func(ctx context.Context) error { return f.Revoke(ctx, grant.Scope, grant.Principal) }},
		{"settings set", func(ctx context.Context) error { return f.SetSettings(ctx, map[string]string{"enabled": "false"}) }},
		{"library remove", func(ctx context.Context) error { return f.RemoveLibrary(ctx, "l", false) }},
	} {
		f.must(row.change(t.Context()))
		now := must(f.LastChange(t.Context()))
		if now <= last {
			t.Errorf("%s: got %d after %d, want more", row.what, now, last)
		}
		last = now
	}
	if err := f.AddSite(t.Context(), library.Site{Name: "s"}); err == nil {
		t.Error("a site was added twice")
	}
	if now := must(f.LastChange(t.Context())); now != last {
		t.Errorf("got %d after a change that was refused, want %d still", now, last)
	}
}
