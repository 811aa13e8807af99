package dms_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// What Exchange wants to see is written, and taken back where the farm does not want it any
// more; what an administrator has set stays.
func exchange(t *testing.T, s *server) {
	f := s.farm(t, func(o *dms.Options) { o.Mode = directory.ModeExchange })
	f.library("invoices", "invoices")
	f.library("bills", "bills")
	f.group("team", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team", Manager: "user:alice"})
	f.run()
	f.calm()
	contact := directory.Attributes{
		"displayName": {"Default – The invoices (invoices)"}, "givenName": {"Default"}, "sn": {"The invoices"},
		"mail": {"invoices@farm.example"}, "proxyAddresses": {"SMTP:invoices@farm.example"}, "mailNickname": {"invoices"},
		"targetAddress": {"SMTP:invoices@farm.example"}, "mAPIRecipient": {"FALSE"}, "internetEncoding": {"1310720"},
	}
	group := directory.Attributes{
		"displayName": {"The team (team)"}, "mail": {"team@farm.example"}, "proxyAddresses": {"SMTP:team@farm.example"}, "mailNickname": {"team"},
		"reportToOriginator": {"TRUE"}, "reportToOwner": {"FALSE"}, "oOFReplyToOriginator": {"FALSE"}, "groupType": {"8"},
		"sAMAccountName": {"sp-team"}, "managedBy": {"CN=Alice Archer,OU=People," + directorytest.BaseDN},
	}
	f.has("invoices", contact)
	f.has("team", group)
	f.admin.Set(t, f.known("library bills").ID, "msExchRequireAuthToSendTo", "TRUE")
	f.admin.Set(t, f.known("library bills").ID, "msExchHideFromAddressLists", "FALSE")
	f.run()
	f.calm()
	policy := func(value string) {
		must(t, f.SetSettings(t.Context(), map[string]string{"require_auth": value, "hide_contacts": value}))
		f.run()
		f.calm()
	}
	policy("true")
	contact["msExchRequireAuthToSendTo"], contact["msExchHideFromAddressLists"] = []string{"TRUE"}, []string{"TRUE"}
	group["msExchRequireAuthToSendTo"] = []string{"TRUE"}
	f.has("invoices", contact)
	f.has("team", group)
	policy("false")
	delete(contact, "msExchRequireAuthToSendTo")
	delete(contact, "msExchHideFromAddressLists")
	delete(group, "msExchRequireAuthToSendTo")
	f.has("invoices", contact)
	f.has("team", group)
	f.admin.Set(t, f.known("library invoices").ID, "msExchRequireAuthToSendTo", "TRUE")
	contact["msExchRequireAuthToSendTo"] = []string{"TRUE"}
	f.setLocal("invoices", "in")
	f.run()
	f.calm()
	if got := f.at("in").Attributes["msExchRequireAuthToSendTo"]; !slices.Equal(got, []string{"TRUE"}) {
		t.Errorf("got %q, want what an administrator has set", got)
	}
}

// has checks all that the directory has of an object.
func (f *farm) has(alias string, want directory.Attributes) {
	f.t.Helper()
	got := f.at(alias).Attributes
	if by := got[directory.AttrManagedBy]; len(by) == 1 && strings.EqualFold(by[0], want[directory.AttrManagedBy][0]) { // as the server spells it
		got[directory.AttrManagedBy] = want[directory.AttrManagedBy]
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		f.t.Errorf("%s (-want +got):\n%s", alias, diff)
	}
}

// handover writes what Exchange's commands begin with, and leaves alone what they add.
func handover(t *testing.T, s *server) {
	f := s.farm(t, func(o *dms.Options) { o.Mode = directory.ModeHandover })
	f.library("invoices", "invoices")
	f.run()
	f.has("invoices", directory.Attributes{
		"displayName": {"Default – The invoices (invoices)"}, "givenName": {"Default"}, "sn": {"The invoices"},
		"mail": {"invoices@farm.example"}, "proxyAddresses": {"SMTP:invoices@farm.example"}, "mailNickname": {"invoices"},
		"targetAddress": {"SMTP:invoices@farm.example"},
	})
	id := f.known("library invoices").ID
	f.admin.Set(t, id, "proxyAddresses", "smtp:invoices@farm.example", "SMTP:The.Invoices@corp.example", "X500:/o=corp/cn=1")
	f.admin.Set(t, id, "mail", "The.Invoices@corp.example")
	f.admin.Set(t, id, "msExchRecipientDisplayType", "6")
	f.admin.Set(t, id, "msExchVersion", "88218628259840")
	entry := fmt.Sprint(f.admin.Entry(t, id))
	f.run()
	f.calm()
	if now := fmt.Sprint(f.admin.Entry(t, id)); now != entry {
		t.Errorf("what Exchange made of it was changed:\n%s\n%s", entry, now)
	}
	f.setLocal("invoices", "bills")
	f.run()
	f.calm()
	a := f.at("bills")
	want := []string{"SMTP:The.Invoices@corp.example", "X500:/o=corp/cn=1", "smtp:bills@farm.example"}
	if got := slices.Sorted(slices.Values(a.Attributes["proxyAddresses"])); !slices.Equal(got, want) || a.Attributes["mail"][0] != "The.Invoices@corp.example" {
		t.Errorf("got %v, want %q", a.Attributes, want)
	}
}

// A farm that asks for Exchange where the schema has nothing of it does nothing, and says so.
func TestExchangeWithoutItsSchema(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := directorytest.People()
			w.Plain = true
			s := start(t, w)
			f := s.farm(t)
			f.library("invoices", "invoices")
			f.run()
			f.shows(invoicesShown)
			f.calm()
			for _, mode := range []directory.Mode{directory.ModeExchange, directory.ModeHandover} {
				f := s.farm(t, func(o *dms.Options) { o.Mode = mode })
				f.group("team", "user:alice")
				r := f.ask("team", directory.Properties{LocalPart: "team"})
				writes := f.writes()
				for range 2 {
					f.run()
				}
				if _, err := f.job.Plan(t.Context()); !errors.Is(err, directory.ErrUnsupported) {
					t.Errorf("%s: got %v, want %v", mode, err, directory.ErrUnsupported)
				}
				if n := f.writes() - writes; n != 0 || f.said(string(mode)) != 1 {
					t.Errorf("%s: got %d writes, want none, and that it is said once:\n%s", mode, n, f.log)
				}
				if got := f.request(r.ID); got.State != directory.Approved || !strings.Contains(got.Trouble, string(mode)) {
					t.Errorf("%s: got %+v, want it to say what keeps it", mode, got)
				}
			}
		})
	}
}
