package access_test

import (
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// question is one combination of everything that Decide looks at.
type question struct {
	enabled  bool
	listed   string // what the farm's lists say of the sender: "", "blocked" or "not allowed"
	authOnly bool
	farm     access.Rung
	takes    bool // the library takes mail at all: it is not archived and has an address
	accept   library.Accept
	asks     string // the library's own sender_trust
	who      string // "nobody", "stranger", "user" or "ambiguous"
	rung     access.Rung
	level    access.Level
}

// asked is the rung from which on a sender is a person to the library.
func (q question) asked() access.Rung {
	asked := q.farm
	switch q.asks {
	case "claimed":
		asked = access.Claimed
	case "aligned":
		asked = access.Aligned
	case "proven", "nonsense":
		asked = access.Proven
	}
	if q.authOnly {
		asked = max(asked, access.Aligned)
	}
	return asked
}

// sure reports whether the library is sure enough of the sender. The null sender is on no
// rung but the lowest.
func (q question) sure() bool { return q.proved() >= q.asked() }

func (q question) proved() access.Rung {
	if q.who == "nobody" {
		return access.Claimed
	}
	return q.rung
}

// rule is a line of the table: the first whose condition holds gives the answer.
type rule struct {
	when   string
	holds  func(question) bool
	reason fault.Reason // "" is allowed
	author string
}

// rules is the whole of who may file what.
func rules() []rule {
	anyone := func(q question) bool { return q.accept == library.AcceptAnyone }
	return []rule{
		{"the farm is closed", func(q question) bool { return !q.enabled }, fault.FarmClosed, ""},
		{"the library takes no mail", func(q question) bool { return !q.takes || q.accept == "odd" }, fault.LibraryClosed, ""},
		{"the farm's lists keep the sender out", func(q question) bool { return q.listed != "" }, fault.SenderBlocked, ""},
		{"authenticated senders only, and this one is not", func(q question) bool { return q.authOnly && q.proved() < access.Aligned }, fault.NotAuthenticated, ""},
		{"anyone's mail, of a user we are sure of", func(q question) bool { return anyone(q) && q.who == "user" && q.sure() }, "", "alice"},
		{"anyone's mail, of anybody else", anyone, "", access.SystemAccount},
		{"contributors', of an address that may be several people's", func(q question) bool { return q.who == "ambiguous" }, fault.AmbiguousSender, ""},
		{"contributors', of somebody we are not sure of", func(q question) bool { return !q.sure() }, fault.NotAuthenticated, ""},
		{"contributors', of the null sender", func(q question) bool { return q.who == "nobody" }, fault.NoPermission, ""},
		{"contributors', of no user", func(q question) bool { return q.who == "stranger" }, fault.NoPermission, ""},
		{"contributors', of a user with less than contribute", func(q question) bool { return q.level < access.Contribute }, fault.NoPermission, ""},
		{"contributors', of one who may contribute", func(question) bool { return true }, "", "alice"},
	}
}

// Every combination is decided by the first rule that holds, and every rule decides some.
func TestDecisionTable(t *testing.T) {
	t.Parallel()
	table := rules()
	used := make([]int, len(table))
	total := 0
	for q := range questions() {
		total++
		for i, r := range table {
			if !r.holds(q) {
				continue
			}
			used[i]++
			got := ask(q)
			if got.Allow != (r.reason == "") || got.Reason != r.reason || got.Author != r.author || got.Verified != (r.author == "alice") {
				t.Errorf("%+v: got %+v, want %q %q: %s", q, got, r.reason, r.author, r.when)
			}
			if (got.Detail == "") != got.Allow {
				t.Errorf("%+v: got the detail %q", q, got.Detail)
			}
			break
		}
		if t.Failed() && total > 1000 {
			t.Fatal("and more")
		}
	}
	for i, n := range used {
		if n == 0 {
			t.Errorf("no combination is decided by the rule %q", table[i].when)
		}
	}
	if total != 2*3*2*3*2*4*5*4*3*6 {
		t.Errorf("%d combinations", total)
	}
}

// ask lets Decide answer.
func ask(q question) access.Decision {
	p := access.Policy{Enabled: q.enabled, AuthenticatedOnly: q.authOnly, SenderTrust: q.farm}
	switch q.listed {
	case "blocked":
		p.SenderBlock = access.Senders{"example.org", "elsewhere.test", "blocked.test"}
	case "not allowed":
		p.SenderAllow = access.Senders{"friends.test"}
	}
	lib := library.Library{Name: "l", LocalPart: "l", Settings: library.Settings{Accept: q.accept, SenderTrust: q.asks}}
	if !q.takes {
		lib.LocalPart = ""
	}
	who := access.Sender{Rung: q.rung, Evidence: "a line"}
	switch q.who {
	case "stranger":
		who.Address = stranger
	case "user":
		who.Address, who.Login = alice, "alice"
	case "ambiguous":
		who.Address, who.Login, who.Ambiguous = alice, "alice", true
	}
	who.Envelope = who.Address
	if q.listed == "blocked" && q.who == "nobody" {
		who.Envelope = stranger
	}
	return access.Decide(p, lib, q.level, who)
}

// questions yields all combinations.
func questions() func(yield func(question) bool) {
	rungs := []access.Rung{access.Claimed, access.Aligned, access.Proven}
	levels := []access.Level{access.None, access.Read, access.Contribute, access.Edit, access.Design, access.FullControl}
	return func(yield func(question) bool) {
		all := []question{{}}
		all = each(all, []bool{true, false}, func(q *question, v bool) { q.enabled = v })
		all = each(all, []string{"", "blocked", "not allowed"}, func(q *question, v string) { q.listed = v })
		all = each(all, []bool{false, true}, func(q *question, v bool) { q.authOnly = v })
		all = each(all, rungs, func(q *question, v access.Rung) { q.farm = v })
		all = each(all, []bool{true, false}, func(q *question, v bool) { q.takes = v })
		all = each(all, []library.Accept{"", library.AcceptContributors, library.AcceptAnyone, "odd"}, func(q *question, v library.Accept) { q.accept = v })
		all = each(all, []string{"", "claimed", "aligned", "proven", "nonsense"}, func(q *question, v string) { q.asks = v })
		all = each(all, []string{"nobody", "stranger", "user", "ambiguous"}, func(q *question, v string) { q.who = v })
		all = each(all, rungs, func(q *question, v access.Rung) { q.rung = v })
		all = each(all, levels, func(q *question, v access.Level) { q.level = v })
		for _, q := range all {
			if !yield(q) {
				return
			}
		}
	}
}

// each multiplies questions by the values of one of their fields.
func each[V any](all []question, values []V, set func(*question, V)) (more []question) {
	for _, q := range all {
		for _, v := range values {
			set(&q, v)
			more = append(more, q)
		}
	}
	return more
}
