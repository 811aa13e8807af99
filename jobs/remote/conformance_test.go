package remote_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

const (
	info      = `<Info><RequestorEmail>alice@corp.example</RequestorEmail><Justification>We need it.</Justification><RequestId>00000000-0000-0000-0000-000000000000</RequestId></Info>`
	anyFlags  = `<Flags>None</Flags>`
	aliasTeam = `<Alias>team</Alias>`
	teamToNew = `<OldAlias>team</OldAlias><NewAlias>crew</NewAlias>` + info
	team      = aliasTeam + `<Name>The team</Name><Description>For us</Description><ContactCN>CORP\alice</ContactCN>` + info + anyFlags
)

func contact(alias, forward string) string {
	return `<Alias>` + alias + `</Alias><FirstName>Finance</FirstName><LastName>Invoices</LastName><ForwardingEmail>` + forward + `</ForwardingEmail>` + anyFlags
}

func changedContact(from, to string) string {
	return `<OldAlias>` + from + `</OldAlias><NewAlias>` + to + `</NewAlias><FirstName>Finance</FirstName><LastName>Bills</LastName>` +
		`<ForwardingEmail>b@sp.corp.example</ForwardingEmail><Flags>OnlyAllowAuthenticatedEmail</Flags>`
}

func users(add, remove string, all bool) string {
	return aliasTeam + list("AddNt4NameList", add) + list("DeleteNt4NameList", remove) + fmt.Sprintf("<DeleteAllCurrentMembers>%t</DeleteAllCurrentMembers>", all)
}

func contacts(add, remove string, all bool) string {
	return aliasTeam + list("AddListForContacts", add) + list("DeleteListForContacts", remove) + fmt.Sprintf("<DeleteAllCurrentMembers>%t</DeleteAllCurrentMembers>", all)
}

// list writes an array of names that have blanks between them.
func list(name, names string) string {
	var b strings.Builder
	for _, n := range strings.Fields(names) {
		b.WriteString("<string>" + n + "</string>")
	}
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

// step is a call of a client and what it is told, or something that happens here.
type step struct {
	name   string
	client string // "": alpha
	op     emailws.Operation
	sends  string
	want   directory.Status
	job    bool   // a number of a job is told
	says   string // in the comment
	do     func(w *world)
}

func here(do func(w *world)) step { return step{do: do} }

func job(want directory.Status, says string) step {
	return step{name: "job status", op: emailws.OpGetJobStatus, sends: "<JobId>1</JobId>", want: want, job: want == directory.StatusPendingApproval, says: says}
}

func byPolicy(w *world) {
	w.settings("approve_create", "false", "approve_rename", "false", "approve_modify", "false", "approve_delete", "false")
}

func applied(w *world) { w.followed(directory.Applied, directory.StatusSuccess) }

// staffAsks asks for a distribution group of a group here.
func staffAsks(w *world) {
	_, err := w.AskDistribution(w.Context(), "staff", store.Ask{Want: directory.Properties{LocalPart: "staff"}})
	w.must(err)
}

func failed(as directory.Status) step {
	return here(func(w *world) { w.followed(directory.Failed, as) })
}

// scenarios are what farms ask for; every status is in them.
var scenarios = map[string][]step{
	"contacts": {
		{name: "new", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusSuccess},
		{name: "again", op: emailws.OpCreateContact, sends: contact("DOCS72", "docs72@sp.corp.example"), want: directory.StatusDuplicateAlias},
		{name: "of a library", op: emailws.OpCreateContact, sends: contact("invoices", "a@sp.corp.example"), want: directory.StatusDuplicateAlias},
		{name: "another", op: emailws.OpCreateContact, sends: contact("docs73", "docs73@sp.corp.example"), want: directory.StatusSuccess},
		{name: "a bad alias", op: emailws.OpCreateContact, sends: contact("docs 74", "docs74@sp.corp.example"), want: directory.StatusInvalidArgument},
		{name: "no alias", op: emailws.OpCreateContact, sends: anyFlags, want: directory.StatusInvalidArgument},
		{name: "no address", op: emailws.OpCreateContact, sends: contact("docs74", "nowhere"), want: directory.StatusInvalidArgument},
		{name: "modified", op: emailws.OpModifyContact, sends: changedContact("docs72", "docs72"), want: directory.StatusSuccess},
		{name: "without a new alias", op: emailws.OpModifyContact, sends: changedContact("docs72", ""), want: directory.StatusSuccess},
		{name: "renamed", op: emailws.OpModifyContact, sends: changedContact("docs72", "docs70"), want: directory.StatusSuccess},
		{name: "renamed to what is there", op: emailws.OpModifyContact, sends: changedContact("docs70", "docs73"), want: directory.StatusDuplicateAlias},
		{name: "one that is not there", op: emailws.OpModifyContact, sends: changedContact("docs72", "docs71"), want: directory.StatusObjectNotFound},
		{name: "no old alias", op: emailws.OpModifyContact, sends: changedContact("", "docs71"), want: directory.StatusInvalidArgument},
		{name: "another farm's", client: beta, op: emailws.OpModifyContact, sends: changedContact("docs70", "docs71"), want: directory.StatusObjectNotFound},
		{name: "removed by another farm", client: beta, op: emailws.OpDeleteContact, sends: `<Alias>docs70</Alias>`, want: directory.StatusObjectNotFound},
		here(func(w *world) {
			all, err := w.FarmContacts(w.Context())
			w.must(err)
			if len(all) != 2 || all[0].Alias != "docs70" || all[0].LastName != "Bills" || !all[0].RequireAuth || all[0].Client != "soap:alpha" {
				w.Errorf("got the contacts %+v", all)
			}
		}),
		{name: "removed", op: emailws.OpDeleteContact, sends: `<Alias>Docs70</Alias>`, want: directory.StatusSuccess},
		{name: "removed again", op: emailws.OpDeleteContact, sends: `<Alias>docs70</Alias>`, want: directory.StatusObjectNotFound},
	},
	"a group that is approved": {
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusPendingApproval, job: true},
		{name: "asked again", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusPendingApproval, job: true},
		{name: "by another farm", client: beta, op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusDuplicateAlias},
		{name: "members before", op: emailws.OpChangeUsers, sends: users(`CORP\alice CORP\bob`, "", true), want: directory.StatusSuccess},
		job(directory.StatusPendingApproval, "waits"),
		{name: "of another farm", client: beta, op: emailws.OpGetJobStatus, sends: "<JobId>1</JobId>", want: directory.StatusObjectNotFound},
		here(func(w *world) {
			r, _, err := w.Request(w.Context(), 1)
			w.must(err)
			want := directory.Properties{LocalPart: "team", Title: "The team", Description: "For us", Manager: "user:alice"}
			if r.Want != want || r.Requester != "soap:alpha" || r.RequesterMail != "alice@corp.example" || r.Justification != "We need it." {
				w.Errorf("got the request %+v", r)
			}
			_, err = w.ApproveRequest(w.Context(), 1, store.Verdict{Comment: "well then"})
			w.must(err)
		}),
		job(directory.StatusSuccess, "well then"),
		{name: "renamed before the directory has it", op: emailws.OpRenameDistributionGroup, sends: teamToNew, want: directory.StatusServerUnavailable, says: "under way"},
		here(applied),
		job(directory.StatusSuccess, ""),
		{name: "there already", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusDuplicateAlias},
		{name: "modified without approval", op: emailws.OpModifyDistributionGroup, sends: aliasTeam + `<Name>Team</Name>` + anyFlags, want: directory.StatusSuccess},
		here(applied),
		{name: "modified to what it is", op: emailws.OpModifyDistributionGroup, sends: aliasTeam + `<Name>Team</Name>` + anyFlags, want: directory.StatusSuccess},
		{name: "renamed", op: emailws.OpRenameDistributionGroup, sends: teamToNew, want: directory.StatusPendingApproval, job: true},
		{name: "modified while that waits", op: emailws.OpModifyDistributionGroup, sends: aliasTeam + `<Name>New team</Name>` + anyFlags, want: directory.StatusPendingApproval, job: true},
		here(func(w *world) {
			r, _, err := w.Request(w.Context(), 3)
			w.must(err)
			if r.Want.LocalPart != "crew" || r.Want.Title != "New team" || r.Revision != 2 {
				w.Errorf("got the request %+v", r)
			}
		}),
		{name: "its end", op: emailws.OpDeleteDistributionGroup, sends: aliasTeam + info, want: directory.StatusPendingApproval, job: true},
		{name: "the rename is off", op: emailws.OpGetJobStatus, sends: "<JobId>3</JobId>", want: directory.StatusApprovalDenied},
		{name: "its end again", op: emailws.OpDeleteDistributionGroup, sends: aliasTeam, want: directory.StatusPendingApproval, job: true},
		{name: "renamed while its end waits", op: emailws.OpRenameDistributionGroup, sends: teamToNew, want: directory.StatusServerUnavailable, says: "under way"},
	},
	"a group that is rejected": {
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusPendingApproval, job: true},
		here(func(w *world) {
			_, err := w.RejectRequest(w.Context(), 1, store.Verdict{Comment: "no such team <here>"})
			w.must(err)
		}),
		job(directory.StatusApprovalDenied, "no such team <here>"),
		{name: "no group", op: emailws.OpModifyDistributionGroup, sends: team, want: directory.StatusObjectNotFound},
	},
	"a group that is withdrawn by its end": {
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusPendingApproval, job: true},
		{name: "its end", op: emailws.OpDeleteDistributionGroup, sends: aliasTeam + info, want: directory.StatusSuccess},
		job(directory.StatusApprovalDenied, ""),
	},
	"groups by policy": {
		here(byPolicy),
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess},
		here(applied),
		{name: "renamed", op: emailws.OpRenameDistributionGroup, sends: teamToNew, want: directory.StatusSuccess},
		here(applied),
		{name: "the old name", op: emailws.OpModifyDistributionGroup, sends: team, want: directory.StatusObjectNotFound},
		{name: "another farm's", client: beta, op: emailws.OpModifyDistributionGroup, sends: `<Alias>crew</Alias>` + anyFlags, want: directory.StatusAccessDenied},
		{name: "another farm's new name", client: beta, op: emailws.OpRenameDistributionGroup, sends: `<OldAlias>crew</OldAlias><NewAlias>ours</NewAlias>`, want: directory.StatusAccessDenied},
		{name: "another farm's end", client: beta, op: emailws.OpDeleteDistributionGroup, sends: `<Alias>crew</Alias>`, want: directory.StatusAccessDenied},
		{name: "another farm's members", client: beta, op: emailws.OpChangeUsers, sends: `<Alias>crew</Alias>`, want: directory.StatusAccessDenied},
		{name: "another farm's contacts", client: beta, op: emailws.OpChangeContacts, sends: `<Alias>crew</Alias>`, want: directory.StatusAccessDenied},
		{name: "a name of a library", op: emailws.OpRenameDistributionGroup, sends: `<OldAlias>crew</OldAlias><NewAlias>invoices</NewAlias>`, want: directory.StatusDuplicateAlias},
		{name: "no name", op: emailws.OpRenameDistributionGroup, sends: `<OldAlias>crew</OldAlias>`, want: directory.StatusInvalidArgument},
		here(staffAsks),
		{name: "a group of ours", op: emailws.OpDeleteDistributionGroup, sends: `<Alias>staff</Alias>`, want: directory.StatusObjectNotFound},
		{name: "a name for archives", op: emailws.OpCreateDistributionGroup, sends: `<Alias>crew.calendar</Alias>`, want: directory.StatusInvalidArgument},
		{name: "a name of a group of ours", op: emailws.OpCreateDistributionGroup, sends: `<Alias>staff</Alias>`, want: directory.StatusDuplicateAlias},
		{name: "no name at all", op: emailws.OpCreateDistributionGroup, want: directory.StatusInvalidArgument},
		{name: "its end", op: emailws.OpDeleteDistributionGroup, sends: `<Alias>crew</Alias>` + info, want: directory.StatusSuccess},
	},
	"no groups allowed": {
		here(func(w *world) { w.settings("groups_allowed", "false") }),
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusServiceNotConfigured},
		{name: "contacts are", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusSuccess},
	},
	"a name that the directory has": {
		here(byPolicy),
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess},
		failed(directory.StatusDuplicateAlias),
		job(directory.StatusDuplicateAlias, "administrator"),
	},
	"what the directory does not take": {
		here(byPolicy),
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess},
		failed(directory.StatusInvalidArgument),
		job(directory.StatusInvalidArgument, "administrator"),
	},
	"what is not ours any more": {
		here(byPolicy),
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess},
		failed(directory.StatusAccessDenied),
		job(directory.StatusAccessDenied, "administrator"),
	},
	"what failed otherwise": {
		here(byPolicy),
		{name: "new", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess},
		failed(directory.StatusInternalError),
		job(directory.StatusInternalError, "administrator"),
	},
	"members": {
		{name: "no group", op: emailws.OpChangeUsers, sends: users(`CORP\alice`, "", false), want: directory.StatusObjectNotFound},
		{name: "no group, contacts", op: emailws.OpChangeContacts, sends: contacts("", "", false), want: directory.StatusObjectNotFound},
		here(byPolicy),
		{name: "group", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusSuccess},
		{name: "contact", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusSuccess},
		{name: "another farm's contact", client: beta, op: emailws.OpCreateContact, sends: contact("docs99", "docs99@sp.corp.example"), want: directory.StatusSuccess},
		{name: "users", op: emailws.OpChangeUsers, sends: users(`CORP\bob CORP\Alice i:0#.w|corp\carol dave corp\ALICE`, "", false), want: directory.StatusSuccess},
		members("user:Alice user:bob user:carol user:dave"),
		{name: "contacts", op: emailws.OpChangeContacts, sends: contacts("Docs72", "", false), want: directory.StatusSuccess},
		members("contact:docs72 user:Alice user:bob user:carol user:dave"),
		{name: "some go", op: emailws.OpChangeUsers, sends: users(`CORP\erin`, `CORP\alice CORP\nobody CORP\bob`, false), want: directory.StatusSuccess},
		members("contact:docs72 user:carol user:dave user:erin"),
		{name: "both", op: emailws.OpChangeUsers, sends: users(`CORP\carol`, `CORP\carol`, false), want: directory.StatusSuccess},
		members("contact:docs72 user:carol user:dave user:erin"),
		{name: "an unknown contact", op: emailws.OpChangeContacts, sends: contacts("docs72 docs73", "", true), want: directory.StatusInvalidMember},
		{name: "another farm's", op: emailws.OpChangeContacts, sends: contacts("docs99", "", true), want: directory.StatusInvalidMember},
		{name: "no name of a contact", op: emailws.OpChangeContacts, sends: contacts("", "a@b", true), want: directory.StatusInvalidMember},
		{name: "no name of a user", op: emailws.OpChangeUsers, sends: users(`CORP\alice alice@corp.example`, "", true), want: directory.StatusInvalidMember},
		{name: "a domain alone", op: emailws.OpChangeUsers, sends: users(`CORP\`, "", true), want: directory.StatusInvalidMember},
		{name: "nobody's name", op: emailws.OpChangeUsers, sends: aliasTeam + `<AddNt4NameList><string xsi:nil="true" /></AddNt4NameList>`, want: directory.StatusInvalidMember},
		{name: "too many", op: emailws.OpChangeUsers, sends: users(strings.Repeat(`CORP\a `, 5001), "", true), want: directory.StatusInvalidArgument},
		members("contact:docs72 user:carol user:dave user:erin"),
		{name: "all go", op: emailws.OpChangeUsers, sends: users(`CORP\frank`, "", true), want: directory.StatusSuccess},
		members("user:frank"),
		{name: "a contact that is gone goes", op: emailws.OpChangeContacts, sends: contacts("docs72", "docs70", true), want: directory.StatusSuccess},
		members("contact:docs72"),
	},
	"jobs that are none": {
		{name: "none", op: emailws.OpGetJobStatus, sends: "<JobId>1</JobId>", want: directory.StatusObjectNotFound},
		{name: "no number", op: emailws.OpGetJobStatus, want: directory.StatusObjectNotFound},
		here(staffAsks),
		{name: "of a group of ours", op: emailws.OpGetJobStatus, sends: "<JobId>1</JobId>", want: directory.StatusObjectNotFound},
	},
	"a catalog that is down": {
		here(func(w *world) { w.breakWith(errors.New("disk I/O error in /var/lib/secret")) }),
		{name: "contact", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusServerUnavailable},
		{name: "contact modified", op: emailws.OpModifyContact, sends: changedContact("a", "b"), want: directory.StatusServerUnavailable},
		{name: "contact removed", op: emailws.OpDeleteContact, sends: `<Alias>a</Alias>`, want: directory.StatusServerUnavailable},
		{name: "group", op: emailws.OpCreateDistributionGroup, sends: team, want: directory.StatusServerUnavailable},
		{name: "group modified", op: emailws.OpModifyDistributionGroup, sends: team, want: directory.StatusServerUnavailable},
		{name: "group renamed", op: emailws.OpRenameDistributionGroup, sends: teamToNew, want: directory.StatusServerUnavailable},
		{name: "group removed", op: emailws.OpDeleteDistributionGroup, sends: aliasTeam, want: directory.StatusServerUnavailable},
		{name: "users", op: emailws.OpChangeUsers, sends: users(`CORP\a`, "", true), want: directory.StatusServerUnavailable},
		{name: "contacts", op: emailws.OpChangeContacts, sends: contacts("", "", true), want: directory.StatusServerUnavailable},
		{name: "job", op: emailws.OpGetJobStatus, sends: "<JobId>1</JobId>", want: directory.StatusServerUnavailable},
		here(func(w *world) { w.breakWith(fault.Markf(fault.Permanent, "", "secret")) }),
		{name: "for good", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusInternalError},
		here(func(w *world) { w.breakWith(context.DeadlineExceeded) }),
		{name: "too slow", op: emailws.OpCreateContact, sends: contact("docs72", "docs72@sp.corp.example"), want: directory.StatusServerUnavailable},
	},
}

// members expects those of the group team.
func members(want string) step {
	return here(func(w *world) {
		w.Helper()
		d, _, err := w.FarmDistribution(w.Context(), "soap:alpha", "team")
		w.must(err)
		if got := strings.Join(d.Members, " "); got != want {
			w.Errorf("got the members %q, want %q", got, want)
		}
	})
}

// breakWith lets the catalog answer with an error.
func (w *world) breakWith(err error) {
	trouble := func() error { return err }
	w.catalog.trouble.Store(&trouble)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{}
	t.Run("scenarios", func(t *testing.T) {
		for name, steps := range scenarios {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.must(w.AddLibrary(t.Context(), library.Library{Name: "in", Site: "default", LocalPart: "invoices"}))
				w.must(w.AddGroup(t.Context(), access.Group{Name: "staff", Site: "default"}))
				for _, s := range steps {
					status := s.run(w)
					mu.Lock()
					seen[status] = true
					mu.Unlock()
				}
			})
		}
	})
	for s := directory.StatusSuccess; s <= directory.StatusInternalError; s++ {
		if !seen[s.String()] {
			t.Errorf("no step is told %s", s)
		}
	}
}

// run does a step, and returns the status that was told.
func (s step) run(w *world) string {
	w.Helper()
	if s.do != nil {
		s.do(w)
		return ""
	}
	client := s.client
	if client == "" {
		client = alpha
	}
	before := w.changed.Load()
	got := w.call(client, s.op, s.sends)
	if got.Status != s.want.String() || (got.JobID != 0) != s.job || !strings.Contains(got.Comment, s.says) {
		w.Errorf("%s: got %s, job %d, %q, want %s, a job: %t, %q", s.name, got.Status, got.JobID, got.Comment, s.want, s.job, s.says)
	}
	if strings.Contains(got.document, "secret") {
		w.Errorf("%s: the answer says how it is inside: %s", s.name, got.document)
	}
	rang := s.want == directory.StatusSuccess && s.op != emailws.OpGetJobStatus
	if (w.changed.Load() > before) != rang {
		w.Errorf("%s: the bell was rung: %t, want %t", s.name, !rang, rang)
	}
	return got.Status
}

func TestOneOfManyCreatesAGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	byPolicy(w)
	told := make(chan string)
	const many = 8
	for range many {
		go func() { told <- w.post(alpha, request(emailws.OpCreateDistributionGroup, team)).Status }()
	}
	count := map[string]int{}
	for range many {
		count[<-told]++
	}
	if count["Success"] != 1 || count["DuplicateAlias"] != many-1 {
		t.Errorf("got %v, want one Success", count)
	}
}
