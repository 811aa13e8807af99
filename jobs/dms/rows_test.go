package dms_test

import (
	"testing"

	"mailchute/jobs/dms"
	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// What the farm of rows has in the directory.
const (
	invoicesShown = `invoices "Default – The invoices (invoices)" SMTP:invoices@farm.example`
	teamShown     = `team "The team (team)" SMTP:team@farm.example [Alice Archer invoices]`
)

// otherInstallation is one of another farm's.
const otherInstallation = "99999999-9999-4999-8999-999999999999"

// row is a line of the table by which a reconciler judges an object.
type row struct {
	name    string
	prepare func(*farm)           // before the first run; nil: nothing
	tamper  func(*farm)           // after it
	change  func(*dms.Options)    // of the job
	want    []string              // what the directory then shows
	state   directory.ObjectState // of the library's contact
	said    string                // an action that is reported once, "" is none
}

// rows are the table; each begins with a published library and group.
func rows() []row {
	id := func(f *farm) string { return f.known("library invoices").ID }
	both := []string{invoicesShown, teamShown}
	report := func(o *dms.Options) { o.Enforce = false }
	title := func(f *farm) { f.admin.Set(f.t, id(f), "displayName", "Changed") }
	return []row{
		{name: "clean", want: both, state: directory.ObjectActive},
		{
			name: "deleted by hand", want: both, state: directory.ObjectActive,
			tamper: func(f *farm) { f.admin.Delete(f.t, id(f)) },
		},
		{
			name: "deleted by hand, only reported", want: []string{`team "The team (team)" SMTP:team@farm.example [Alice Archer]`},
			tamper: func(f *farm) { f.admin.Delete(f.t, id(f)) }, change: report, said: "drift", state: directory.ObjectActive,
		},
		{name: "drift", want: both, tamper: title, state: directory.ObjectActive},
		{
			name: "drift, only reported", tamper: title, change: report, said: "drift", state: directory.ObjectActive,
			want: []string{`invoices "Changed" SMTP:invoices@farm.example`, teamShown},
		},
		{
			name: "addresses of others stay", state: directory.ObjectActive,
			tamper: func(f *farm) {
				f.admin.Set(f.t, id(f), "proxyAddresses", "SMTP:invoices@farm.example", "smtp:old@corp.example", "X500:/o=x")
				f.setLocal("invoices", "bills")
			},
			want: []string{
				`bills "Default – The invoices (bills)" SMTP:bills@farm.example,X500:/o=x,smtp:old@corp.example`,
				`team "The team (team)" SMTP:team@farm.example [Alice Archer]`,
			},
		},
		{
			name: "renamed by hand", want: both, state: directory.ObjectActive,
			tamper: func(f *farm) { f.admin.Rename(f.t, id(f), "other") },
		},
		{
			name: "moved below the container", want: both, state: directory.ObjectActive,
			tamper: func(f *farm) { f.admin.Move(f.t, id(f), directorytest.BelowContainer) },
		},
		{
			name: "moved out of the container", want: []string{teamShown}, said: "moved", state: directory.ObjectActive,
			tamper: func(f *farm) { f.admin.Move(f.t, id(f), directorytest.Elsewhere) },
		},
		{
			name: "taken over by an administrator", want: []string{teamShown}, said: "foreign", state: directory.ObjectForeign,
			tamper: func(f *farm) { f.admin.Set(f.t, id(f), directorytest.MarkerAttribute) },
		},
		{
			name: "somebody else's marker", want: []string{teamShown}, said: "foreign", state: directory.ObjectForeign,
			tamper: func(f *farm) {
				f.admin.Set(f.t, id(f), directorytest.MarkerAttribute, "farm-dms:1:99999999-9999-4999-8999-999999999999:list:1")
			},
		},
		{
			name: "copied", said: "copy", state: directory.ObjectActive,
			tamper: func(f *farm) { f.admin.Copy(f.t, id(f), "twin") },
			want:   append(both, `twin "Default – The invoices (invoices)" SMTP:invoices@farm.example`),
		},
		{
			name: "unknown object of ours", said: "unknown", state: directory.ObjectActive,
			tamper: func(f *farm) {
				twin := f.admin.Copy(f.t, id(f), "restored")
				kind := directory.KindContact
				f.admin.Set(f.t, twin, directorytest.MarkerAttribute, directory.Marker{Installation: installation, Kind: kind, Key: otherInstallation}.String())
			},
			want: []string{invoicesShown, `restored "Default – The invoices (invoices)" SMTP:invoices@farm.example`, teamShown},
		},
		{
			name: "no longer wanted", want: []string{`team "The team (team)" SMTP:team@farm.example [Alice Archer]`},
			tamper: func(f *farm) { f.setLocal("invoices", "") },
		},
		{
			name: "no longer wanted, and gone", want: []string{`team "The team (team)" SMTP:team@farm.example [Alice Archer]`},
			tamper: func(f *farm) { f.setLocal("invoices", ""); f.admin.Delete(f.t, id(f)) },
		},
		{
			name: "no longer wanted, and not ours", want: []string{teamShown},
			tamper: func(f *farm) {
				f.admin.Set(f.t, id(f), directorytest.MarkerAttribute)
				f.setLocal("invoices", "")
			},
		},
		{
			name: "the name is taken", said: "create", state: directory.ObjectConflict, want: []string{`team "The team (team)" SMTP:team@farm.example [Alice Archer]`},
			prepare: func(f *farm) { f.admin.Add(f.t, directory.KindContact, "invoices", nil) },
		},
		{
			name: "the address is taken", said: "create", state: directory.ObjectConflict, want: []string{`team "The team (team)" SMTP:team@farm.example [Alice Archer hr]`},
			prepare: func(f *farm) {
				f.admin.Add(f.t, directory.KindContact, "hr", directory.Attributes{"proxyAddresses": {"smtp:invoices@farm.example"}})
			},
		},
		{
			name: "the new address is taken", said: "rename", state: directory.ObjectConflict,
			tamper: func(f *farm) {
				f.admin.Add(f.t, directory.KindContact, "hr", directory.Attributes{"proxyAddresses": {"smtp:bills@farm.example"}})
				f.setLocal("invoices", "bills")
			},
			want: both,
		},
		{
			name: "members changed by hand", want: both, state: directory.ObjectActive,
			tamper: func(f *farm) { f.changeMembers("team", "carol", "alice") },
		},
		{
			name: "members changed by hand, only reported", said: "drift", change: report, state: directory.ObjectActive,
			tamper: func(f *farm) { f.changeMembers("team", "carol", "alice") },
			want:   []string{invoicesShown, `team "The team (team)" SMTP:team@farm.example [Carol Cook invoices]`},
		},
		{
			name: "foreign members are kept", state: directory.ObjectActive,
			change: func(o *dms.Options) { o.KeepForeignMembers = true },
			tamper: func(f *farm) { f.changeMembers("team", "carol", "alice"); f.setMembers("team", "user:alice") },
			want:   []string{invoicesShown, `team "The team (team)" SMTP:team@farm.example [Alice Archer Carol Cook]`},
		},
		{
			name: "too few members are found", said: "wait", state: directory.ObjectActive,
			want: []string{invoicesShown, `team "The team (team)" SMTP:team@farm.example [Alice Archer Carol Cook invoices]`},
			tamper: func(f *farm) {
				f.setMembers("team", "user:carol", "address:a@x.example", "address:b@x.example", "address:c@x.example", "address:d@x.example")
			},
		},
		{
			name: "a group is never its own member", want: both, state: directory.ObjectActive,
			tamper: func(f *farm) {
				must(f.t, f.AddUser(f.t.Context(), access.User{Login: "loop", Addresses: []string{"team@farm.example"}}))
				f.setMembers("team", "user:alice", "address:invoices@farm.example", "user:loop")
			},
		},
		{
			name: "another installation's", state: directory.ObjectActive, want: both,
			tamper: func(f *farm) {
				_, err := f.beside(otherInstallation).Create(f.t.Context(),
					directory.Object{Key: "99999999-9999-4999-8999-999999999998", Kind: directory.KindContact, Alias: "theirs"}, nil)
				must(f.t, err)
			},
		},
	}
}

// Each line of the table, through the whole job; then a run has nothing to do, and reports
// nothing anew.
func TestRows(t *testing.T) {
	t.Parallel()
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.hold(newFarm(t, r.changes()...))
		})
	}
}

func (r row) changes() (all []func(*dms.Options)) {
	if r.change != nil {
		all = append(all, r.change)
	}
	return all
}

// hold holds a new farm to a line of the table.
func (r row) hold(f *farm) {
	f.t.Helper()
	f.library("invoices", "invoices")
	f.group("team", "user:alice", "address:invoices@farm.example")
	if r.prepare != nil {
		r.prepare(f)
	}
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
	f.run()
	manual := f.manual()
	if r.tamper != nil {
		r.tamper(f)
	}
	f.run()
	f.shows(r.want...)
	if k := f.known("library invoices"); k.State != r.state {
		f.t.Errorf("the contact is %q (%s), want %q", k.State, k.Trouble, r.state)
	}
	f.reports(r.said)
	f.run()
	f.reports(r.said)
	f.idle()
	if f.manual() != manual {
		f.t.Error("somebody else's object was changed")
	}
}
