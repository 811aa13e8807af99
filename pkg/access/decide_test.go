package access_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Senders of the tests.
var (
	alice    = address.Address{Local: "alice", Domain: "example.org"}
	stranger = address.Address{Local: "x", Domain: "elsewhere.test"}

	nobody       = access.Sender{}
	aliceClaimed = access.Sender{Address: alice, Rung: access.Claimed, Login: "alice"}
	aliceAligned = access.Sender{Address: alice, Rung: access.Aligned, Login: "alice"}
	aliceProven  = access.Sender{Address: alice, Rung: access.Proven, Login: "alice"}
	aliceOrBob   = access.Sender{Address: alice, Rung: access.Proven, Login: "alice", Ambiguous: true}
	unknown      = access.Sender{Address: stranger, Rung: access.Claimed}
	unknownSure  = access.Sender{Address: stranger, Rung: access.Proven}
	// A login without an address rests on nothing.
	nobodyWithLogin = access.Sender{Login: "alice", Rung: access.Proven}
)

func TestDecide(t *testing.T) {
	t.Parallel()
	policies := map[string]access.Policy{
		"zero":    {},
		"closed":  {SenderTrust: access.Aligned},
		"claimed": {Enabled: true},
		"default": access.DefaultPolicy(),
		"proven":  {Enabled: true, SenderTrust: access.Proven},
		"authed":  {Enabled: true, AuthenticatedOnly: true},
	}
	refused := func(r fault.Reason) access.Decision { return access.Decision{Reason: r} }
	by := func(login string) access.Decision {
		return access.Decision{Allow: true, Author: login, Verified: true}
	}
	system := access.Decision{Allow: true, Author: access.SystemAccount}

	tests := []struct {
		policy string
		accept library.Accept
		trust  string // the library's own
		level  access.Level
		who    access.Sender
		want   access.Decision
	}{
		// A closed farm takes nothing from anybody.
		{"zero", "anyone", "", access.FullControl, aliceProven, refused(fault.FarmClosed)},
		{"closed", "contributors", "", access.FullControl, aliceProven, refused(fault.FarmClosed)},

		// Contributors: a person the library is sure of, with Contribute or more.
		{"default", "contributors", "", access.Contribute, aliceAligned, by("alice")},
		{"default", "contributors", "", access.Contribute, aliceProven, by("alice")},
		{"default", "contributors", "", access.Edit, aliceAligned, by("alice")},
		{"default", "contributors", "", access.Design, aliceAligned, by("alice")},
		{"default", "contributors", "", access.FullControl, aliceAligned, by("alice")},
		{"default", "contributors", "", access.Read, aliceAligned, refused(fault.NoPermission)},
		{"default", "contributors", "", access.None, aliceAligned, refused(fault.NoPermission)},
		{"default", "contributors", "", access.None, unknownSure, refused(fault.NoPermission)},
		{"default", "contributors", "", access.FullControl, aliceClaimed, refused(fault.NotAuthenticated)},
		{"default", "contributors", "", access.None, unknown, refused(fault.NotAuthenticated)},
		{"default", "contributors", "", access.None, nobody, refused(fault.NotAuthenticated)},
		{"default", "contributors", "", access.FullControl, nobodyWithLogin, refused(fault.NotAuthenticated)},
		{"default", "contributors", "", access.FullControl, aliceOrBob, refused(fault.AmbiguousSender)},
		{"claimed", "contributors", "", access.Contribute, aliceClaimed, by("alice")},
		{"claimed", "contributors", "", access.None, unknown, refused(fault.NoPermission)},
		{"claimed", "contributors", "", access.None, nobody, refused(fault.NoPermission)},
		{"claimed", "contributors", "", access.FullControl, nobodyWithLogin, refused(fault.NoPermission)},
		{"proven", "contributors", "", access.FullControl, aliceAligned, refused(fault.NotAuthenticated)},
		{"proven", "contributors", "", access.Contribute, aliceProven, by("alice")},

		// The zero setting is contributors; a setting nobody knows takes nothing.
		{"claimed", "", "", access.Contribute, aliceClaimed, by("alice")},
		{"claimed", "", "", access.Read, aliceClaimed, refused(fault.NoPermission)},
		{"claimed", "everybody", "", access.FullControl, aliceProven, refused(fault.LibraryClosed)},

		// The library's own sender_trust, lower or higher than the farm's.
		{"default", "contributors", "claimed", access.Contribute, aliceClaimed, by("alice")},
		{"default", "contributors", "proven", access.Contribute, aliceAligned, refused(fault.NotAuthenticated)},
		{"default", "contributors", "proven", access.Contribute, aliceProven, by("alice")},
		{"proven", "contributors", "aligned", access.Contribute, aliceAligned, by("alice")},
		{"claimed", "contributors", "nonsense", access.Contribute, aliceAligned, refused(fault.NotAuthenticated)},
		{"claimed", "contributors", "nonsense", access.Contribute, aliceProven, by("alice")},

		// Anyone: everything is taken, the author is a person only where we are sure.
		{"default", "anyone", "", access.None, unknown, system},
		{"default", "anyone", "", access.None, unknownSure, system},
		{"default", "anyone", "", access.None, nobody, system},
		{"default", "anyone", "", access.None, nobodyWithLogin, system},
		{"default", "anyone", "", access.None, aliceOrBob, system},
		{"default", "anyone", "", access.FullControl, aliceClaimed, system},
		{"default", "anyone", "", access.None, aliceAligned, by("alice")},
		{"default", "anyone", "", access.Read, aliceProven, by("alice")},
		{"default", "anyone", "claimed", access.None, aliceClaimed, by("alice")},
		{"claimed", "anyone", "", access.None, aliceClaimed, by("alice")},
		{"claimed", "anyone", "proven", access.None, aliceAligned, system},

		// Authenticated users only: aligned or better everywhere.
		{"authed", "anyone", "", access.None, unknown, refused(fault.NotAuthenticated)},
		{"authed", "anyone", "", access.None, nobody, refused(fault.NotAuthenticated)},
		{"authed", "anyone", "", access.None, nobodyWithLogin, refused(fault.NotAuthenticated)},
		{"authed", "anyone", "claimed", access.FullControl, aliceClaimed, refused(fault.NotAuthenticated)},
		{"authed", "anyone", "", access.None, unknownSure, system},
		{"authed", "anyone", "", access.None, aliceOrBob, system},
		{"authed", "anyone", "", access.None, aliceAligned, by("alice")},
		{"authed", "anyone", "proven", access.None, aliceAligned, system},
		{"authed", "contributors", "claimed", access.FullControl, aliceClaimed, refused(fault.NotAuthenticated)},
		{"authed", "contributors", "", access.Contribute, aliceAligned, by("alice")},
		{"authed", "contributors", "proven", access.Contribute, aliceAligned, refused(fault.NotAuthenticated)},
	}
	for _, tt := range tests {
		lib := library.Library{Name: "invoices", LocalPart: "invoices", Settings: library.Settings{Accept: tt.accept, SenderTrust: tt.trust}}
		got := access.Decide(policies[tt.policy], lib, tt.level, tt.who)
		if got.Allow != (got.Detail == "") {
			t.Errorf("farm %s, accept %q, trust %q, level %s, %+v: allow %t with the detail %q", tt.policy, tt.accept, tt.trust, tt.level, tt.who, got.Allow, got.Detail)
		}
		got.Detail = ""
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("farm %s, accept %q, trust %q, level %s, %+v: want -, got +\n%s", tt.policy, tt.accept, tt.trust, tt.level, tt.who, diff)
		}
	}
}

func TestDecideClosedLibrary(t *testing.T) {
	t.Parallel()
	open := library.Settings{Accept: library.AcceptAnyone}
	tests := []library.Library{
		{Name: "old", LocalPart: "old", Archived: true, Settings: open},
		{Name: "plain", Settings: open},
	}
	for _, lib := range tests {
		got := access.Decide(access.DefaultPolicy(), lib, access.FullControl, aliceProven)
		if got.Allow || got.Reason != fault.LibraryClosed || !strings.Contains(got.Detail, lib.Name) {
			t.Errorf("library %s: got %+v, want %s", lib.Name, got, fault.LibraryClosed)
		}
	}
}

func TestDecideDetail(t *testing.T) {
	t.Parallel()
	withEvidence := aliceClaimed
	withEvidence.Evidence = "envelope sender"
	tests := []struct {
		trust string
		level access.Level
		who   access.Sender
		want  []string
	}{
		{"aligned", access.Contribute, withEvidence, []string{"alice@example.org", "claimed (envelope sender)", "asks for aligned", "Authentication-Results"}},
		{"proven", access.Contribute, aliceAligned, []string{"only aligned,", "asks for proven", "login"}},
		{"aligned", access.None, nobody, []string{"null sender"}},
		{"claimed", access.None, nobody, []string{"null sender"}},
		{"claimed", access.None, unknown, []string{"x@elsewhere.test", "mailchute grant library:invoices user:LOGIN contribute"}},
		{"claimed", access.Read, aliceClaimed, []string{"alice", "level read", "mailchute grant library:invoices user:alice contribute"}},
		{"claimed", access.FullControl, aliceOrBob, []string{"alice@example.org", "not one person's"}},
	}
	lib := library.Library{Name: "invoices", LocalPart: "invoices"}
	for _, tt := range tests {
		lib.Settings.SenderTrust = tt.trust
		got := access.Decide(access.DefaultPolicy(), lib, tt.level, tt.who)
		for _, want := range tt.want {
			if !strings.Contains(got.Detail, want) {
				t.Errorf("trust %s, level %s, %+v: detail %q, want %q in it", tt.trust, tt.level, tt.who, got.Detail, want)
			}
		}
	}
}

func TestActionFor(t *testing.T) {
	t.Parallel()
	p := access.Policy{Rejects: map[fault.Reason]access.Action{
		fault.UnknownAddress: access.ActionDelete, fault.NoPermission: access.ActionHold, fault.Loop: "nonsense",
	}}
	tests := map[fault.Reason]access.Action{
		fault.UnknownAddress: access.ActionDelete,
		fault.NoPermission:   access.ActionHold,
		fault.Loop:           access.ActionHold,
		fault.TooLarge:       access.ActionHold,
	}
	for reason, want := range tests {
		if got := p.ActionFor(reason); got != want {
			t.Errorf("%s: got %s, want %s", reason, got, want)
		}
	}
	for _, reason := range fault.Reasons() {
		for name, p := range map[string]access.Policy{"zero": {}, "default": access.DefaultPolicy()} {
			if got := p.ActionFor(reason); got != access.ActionHold {
				t.Errorf("%s policy, %s: got %s, want hold", name, reason, got)
			}
		}
	}
}
