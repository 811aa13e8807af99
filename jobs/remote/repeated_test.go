package remote_test

import (
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/library"
)

// TestCallsThatAreRepeated: a farm that got no answer asks once more. What it asked for is
// not done twice, and a job keeps its number.
func TestCallsThatAreRepeated(t *testing.T) {
	t.Parallel()
	const other = aliasTeam + `<Name>Others</Name><Description>For them</Description>` + anyFlags
	made := []step{here(byPolicy), {name: "group", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess}, here(applied)}
	madeThen := func(more ...step) []step { return append(made[:len(made):len(made)], more...) }
	withContact := []step{{name: "contact", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusSuccess}}
	approvals := here(func(w *world) {
		w.settings("approve_rename", "true", "approve_modify", "true", "approve_delete", "true")
	})
	for _, tt := range []struct {
		name        string
		before      []step
		op          emailws.Operation
		sends       string
		once, again directory.Status
	}{
		{"a contact", nil, emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"), directory.StatusSuccess, directory.StatusDuplicateAlias},
		{"a contact's properties", withContact, emailws.OpModifyContact, changedContact("docs72", "docs72"), directory.StatusSuccess, directory.StatusSuccess},
		{"a contact's alias", withContact, emailws.OpModifyContact, changedContact("docs72", "Docs73"), directory.StatusSuccess, directory.StatusSuccess},
		{"a contact's end", withContact, emailws.OpDeleteContact, `<Alias>docs72</Alias>`, directory.StatusSuccess, directory.StatusObjectNotFound},
		{"a group that waits", nil, emailws.OpCreateDistributionGroup, team, directory.StatusPendingApproval, directory.StatusPendingApproval},
		{"a group", []step{here(byPolicy)}, emailws.OpCreateDistributionGroup, team, directory.StatusSuccess, directory.StatusDuplicateAlias},
		{"a group's properties", made, emailws.OpModifyDistributionGroup, other, directory.StatusSuccess, directory.StatusSuccess},
		{"a group's properties, which wait", madeThen(approvals), emailws.OpModifyDistributionGroup, other, directory.StatusPendingApproval, directory.StatusPendingApproval},
		{"a group's alias", made, emailws.OpRenameDistributionGroup, teamToNew, directory.StatusSuccess, directory.StatusSuccess},
		{"a group's alias, which waits", madeThen(approvals), emailws.OpRenameDistributionGroup, teamToNew, directory.StatusPendingApproval, directory.StatusPendingApproval},
		{"a group's end", made, emailws.OpDeleteDistributionGroup, aliasTeam, directory.StatusSuccess, directory.StatusObjectNotFound},
		{"a group's end, which waits", madeThen(approvals), emailws.OpDeleteDistributionGroup, aliasTeam, directory.StatusPendingApproval, directory.StatusPendingApproval},
		{"members", made, emailws.OpChangeUsers, users(`CORP\alice`, `CORP\bob`, true), directory.StatusSuccess, directory.StatusSuccess},
		{"members that are contacts", madeThen(withContact...), emailws.OpChangeContacts, contacts("docs72", "", true), directory.StatusSuccess, directory.StatusSuccess},
		{"a job", nil, emailws.OpGetJobStatus, "<JobId>1</JobId>", directory.StatusObjectNotFound, directory.StatusObjectNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, s := range tt.before {
				s.run(w)
			}
			first := w.call(alpha, tt.op, tt.sends)
			changes := w.lastChange()
			second := w.call(alpha, tt.op, tt.sends)
			if first.Status != tt.once.String() || second.Status != tt.again.String() || first.JobID != second.JobID {
				t.Errorf("got %s and %s, jobs %d and %d, want %s and %s of one job", first.Status, second.Status, first.JobID, second.JobID, tt.once, tt.again)
			}
			if after := w.lastChange(); after != changes && tt.name != "a contact's properties" { // which are written once more
				t.Errorf("%d changes were made the second time", after-changes)
			}
		})
	}
}

// TestAnAliasThatWasAnothersIsNotFound: only the client's own rename is taken for one that
// was not answered.
func TestAnAliasThatWasAnothersIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	byPolicy(w)
	w.must(w.AddLibrary(t.Context(), library.Library{Name: "in", Site: "default", LocalPart: "invoices"}))
	w.call(alpha, emailws.OpCreateDistributionGroup, team)
	w.call(alpha, emailws.OpCreateDistributionGroup, `<Alias>crew</Alias>`+anyFlags)
	applied(w)
	w.call(alpha, emailws.OpCreateContact, contact("docs72", "docs72@sp.corp.example"))
	for _, tt := range []struct {
		name, client string
		op           emailws.Operation
		sends        string
	}{
		{"a group that never had it", alpha, emailws.OpRenameDistributionGroup, `<OldAlias>gang</OldAlias><NewAlias>crew</NewAlias>`},
		{"another client's", beta, emailws.OpRenameDistributionGroup, `<OldAlias>gang</OldAlias><NewAlias>crew</NewAlias>`},
		{"a library's", alpha, emailws.OpRenameDistributionGroup, `<OldAlias>gang</OldAlias><NewAlias>invoices</NewAlias>`},
		{"a contact that is otherwise", alpha, emailws.OpModifyContact, changedContact("docs71", "docs72")},
	} {
		if a := w.call(tt.client, tt.op, tt.sends); a.Status != "ObjectNotFound" {
			t.Errorf("%s: got %s", tt.name, a.Status)
		}
	}
}
