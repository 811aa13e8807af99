package dms_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/library"
	"mailchute/pkg/text"
	"mailchute/store"
)

// attacks are what is tried on every server.
func attacks() map[string]func(*testing.T, *server) {
	return map[string]func(*testing.T, *server){
		"hostile texts":        hostileTexts,
		"capitals":             capitals,
		"security group":       securityGroup,
		"account names":        accountNames,
		"two farms":            twoFarms,
		"two farms at once":    twoFarmsAtOnce,
		"Exchange":             exchange,
		"handover":             handover,
		"members of all kinds": manyKindsOfMembers,
		"rebuild":              rebuildOverLDAP,
		"swap":                 swap,
		"no container":         noContainer,
		"prefix":               prefix,
		"story":                func(t *testing.T, s *server) { f := s.farm(t); approved := f.story(); f.run(); f.ended(approved) },
	}
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, directorytest.People())
			for name, attack := range attacks() {
				t.Run(name, func(t *testing.T) { attack(t, s) })
			}
		})
	}
}

// hostile are texts as nobody would write them who means well.
func hostile() []string {
	return []string{
		"a\nb\r\nc", "nul\x00inside", "\u202Eturned\u2066 \u200fround", "\U0001F4A9\U0001F600 four bytes", strings.Repeat("long ", 2000),
		strings.Repeat("\U0001F600", 300), "  blanks at both ends\t ", "#begins", " #begins", "a=b,c=d", "a,b;c<d>e\"f\\g", "*)(objectClass=*", "\xff\xfe not UTF-8",
		"\u00a0\u3000", "e\u0301 composed \u00e9", "\ufb01gure", "ends with a backslash\\", "<script>", "&amp;", ": base64", "zero\u200bwidth", "\x7f\x1b[31m", "\\0ACNF:",
	}
}

// Texts that would mean something to a directory, or to who looks at it, are published as
// text, and a second run finds them as they are wanted.
func hostileTexts(t *testing.T, s *server) {
	f := s.farm(t)
	f.library("invoices", "invoices")
	f.group("team", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team"})
	f.run()
	for _, bad := range hostile() {
		refused := f.SetLibrary(t.Context(), "invoices", func(l *library.Library) error {
			l.Title = bad
			return nil
		}) != nil
		asked := 0
		for _, want := range []directory.Properties{
			{LocalPart: "team", Title: bad, Manager: "user:alice"},
			{LocalPart: "team", Title: "ok", Description: bad},
			{LocalPart: "team", Manager: "user:" + bad},
			{LocalPart: "team", Manager: bad + "@corp.example"},
		} {
			r, err := f.AskDistribution(t.Context(), "team", store.Ask{Want: want})
			if err != nil {
				continue
			}
			asked++
			f.approve(r)
			f.run()
			f.calm()
			f.isIn(r.ID, directory.Applied)
		}
		f.run()
		f.calm()
		for _, alias := range []string{"invoices", "team"} {
			for name, values := range f.at(alias).Attributes {
				for _, v := range values {
					if text.Safe(v) != v || strings.TrimSpace(v) != v {
						t.Errorf("%q: %s of %s is %q", bad, name, alias, v)
					}
				}
			}
			if title := f.at(alias).Attributes["displayName"]; len(title) != 1 || title[0] != alias && !strings.HasSuffix(title[0], " ("+alias+")") {
				t.Errorf("%q: the title of %s is %q", bad, alias, title)
			}
		}
		if testing.Verbose() {
			t.Logf("%.20q: refused %v, asked %d: %.80q", bad, refused, asked, f.at("invoices").Attributes["displayName"])
		}
	}
}

// Local parts differ in more than the case of letters.
func capitals(t *testing.T, s *server) {
	f := s.farm(t)
	f.library("invoices", "Invoices")
	f.group("team", "user:alice", "address:INVOICES@FARM.example")
	f.ask("team", directory.Properties{LocalPart: "TEAM", Title: "The team"})
	f.run()
	f.shows(invoicesShown, teamShown)
	f.calm()
	for _, local := range []string{"INVOICES", "invoices"} {
		f.setLocal("invoices", local)
		f.run()
		f.shows(invoicesShown, teamShown)
		f.calm()
	}
	f.admin.Rename(t, f.known("library invoices").ID, "INVOICES")
	f.admin.Rename(t, f.known("group team").ID, "Team")
	f.run()
	f.calm()
}

// Two farms in one container leave each other alone; of a name that both want one has it.
func twoFarms(t *testing.T, s *server) {
	f, g := s.farm(t), s.farmOf(t, otherInstallation)
	f.library("invoices", "invoices")
	g.library("invoices", "invoices")
	g.library("bills", "bills")
	f.group("team", "user:alice")
	g.group("crew", "user:alice")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
	g.ask("crew", directory.Properties{LocalPart: "crew", Title: "The crew"})
	f.run()
	g.run()
	f.shows(invoicesShown, `team "The team (team)" SMTP:team@farm.example [Alice Archer]`)
	g.shows(`bills "Default – The bills (bills)" SMTP:bills@farm.example`, `crew "The crew (crew)" SMTP:crew@farm.example [Alice Archer]`)
	if k := g.known("library invoices"); k.State != directory.ObjectConflict {
		t.Errorf("got %+v, want a conflict", k)
	}
	f.calm()
	f.setLocal("invoices", "bills")
	f.run()
	f.shows(invoicesShown, `team "The team (team)" SMTP:team@farm.example [Alice Archer]`)
	if k := f.known("library invoices"); k.State != directory.ObjectConflict {
		t.Errorf("got %+v, want a conflict", k)
	}
	f.setLocal("invoices", "")
	f.run()
	g.clock.advance(time.Hour)
	g.run()
	g.shows(`bills "Default – The bills (bills)" SMTP:bills@farm.example`, `crew "The crew (crew)" SMTP:crew@farm.example [Alice Archer]`, invoicesShown)
	g.calm()
	f.calm()
}

// Farms that want the same at the same time do not both get it, and each sees to its own.
func twoFarmsAtOnce(t *testing.T, s *server) {
	farms := []*farm{s.farm(t), s.farmOf(t, otherInstallation)}
	for _, f := range farms {
		for i := range 6 {
			f.library(fmt.Sprint("lib", i), fmt.Sprint("same", i))
		}
		f.library("own", "own-"+f.must(f.Installation(t.Context()))[:4])
	}
	for range 3 {
		var all sync.WaitGroup
		for _, f := range farms {
			all.Go(func() { f.run() })
		}
		all.Wait()
		for _, f := range farms {
			f.clock.advance(5 * time.Hour)
		}
	}
	has := map[string]int{}
	for _, f := range farms {
		own := false
		must(t, f.pub.Each(t.Context(), func(a directory.Actual) error {
			has[a.Alias]++
			own = own || strings.HasPrefix(a.Alias, "own-")
			return nil
		}))
		if !own {
			t.Error("a farm has not what nobody else wants")
		}
	}
	for i := range 6 {
		if n := has[fmt.Sprint("same", i)]; n != 1 {
			t.Errorf("same%d is there %d times, want once", i, n)
		}
	}
}

func (f *farm) must(s string, err error) string {
	f.t.Helper()
	must(f.t, err)
	return s
}

// manyKindsOfMembers has members of each kind, which are renamed, deleted and twice there.
func manyKindsOfMembers(t *testing.T, s *server) {
	f := s.farm(t)
	f.library("invoices", "invoices")
	f.group("team")
	f.group("inner", "user:carol")
	f.group("plain", "user:carol", "address:Alice@CORP.example")
	f.setMembers("team", "user:alice", "address:ALICE.ARCHER@corp.example", "address:invoices@farm.example", "address:Invoices@farm.example",
		"group:inner", "group:plain", "address:ernie@elsewhere.example", "address:twin@corp.example", "address:nobody@corp.example")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
	f.ask("inner", directory.Properties{LocalPart: "inner", Title: "Inner"})
	f.run()
	f.shows(`inner "Inner (inner)" SMTP:inner@farm.example [Carol Cook]`, invoicesShown,
		`team "The team (team)" SMTP:team@farm.example [Alice Archer Carol Cook External Ernie inner invoices]`)
	f.calm()
	if got := f.known("group team").Missing; !slices.Equal(got, []string{"address:nobody@corp.example", "address:twin@corp.example"}) {
		t.Errorf("got %q missing", got)
	}
	f.setLocal("invoices", "bills")
	f.setMembers("team", "user:alice", "group:inner", "group:plain", "address:ernie@elsewhere.example", "address:twin@corp.example")
	f.ask("inner", directory.Properties{LocalPart: "outer", Title: "Inner"})
	f.run()
	f.shows(`bills "Default – The invoices (bills)" SMTP:bills@farm.example`,
		`outer "Inner (outer)" SMTP:outer@farm.example,smtp:inner@farm.example [Carol Cook]`,
		`team "The team (team)" SMTP:team@farm.example [Alice Archer Carol Cook External Ernie outer]`)
	f.calm()
	f.askDelete("inner")
	f.run()
	f.run()
	f.shows(`bills "Default – The invoices (bills)" SMTP:bills@farm.example`,
		`team "The team (team)" SMTP:team@farm.example [Alice Archer Carol Cook External Ernie]`)
	f.calm()
	f.setMembers("team")
	f.run()
	f.shows(`bills "Default – The invoices (bills)" SMTP:bills@farm.example`, `team "The team (team)" SMTP:team@farm.example []`)
	f.calm()
}

// rebuildOverLDAP fills a container that was emptied, its groups too: here what is made anew
// has the name of what was there.
func rebuildOverLDAP(t *testing.T, s *server) {
	for _, enforce := range []bool{true, false} {
		f := s.farm(t, func(o *dms.Options) { o.Enforce = enforce })
		f.library("invoices", "invoices")
		f.library("bills", "bills")
		for _, name := range []string{"a", "b", "c"} {
			f.library(name, name)
		}
		f.group("team", "user:alice", "address:invoices@farm.example")
		f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
		f.run()
		shown := f.shown()
		slices.Sort(shown)
		for _, of := range []string{"invoices", "bills", "a", "b", "c"} {
			f.admin.Delete(t, f.known("library "+of).ID)
		}
		if _, _, err := f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{}); !errors.Is(err, directory.ErrIncomplete) {
			t.Errorf("got %v, want %v", err, directory.ErrIncomplete)
		}
		_, _, err := f.job.Apply(t.Context(), jobs.Manual, dms.ApplyOptions{Rebuild: true})
		must(t, err)
		f.shows(shown...)
		f.calm()
		s.tidy(t, f)
	}
}

// swap exchanges the names of two contacts and of two groups, with members within each other.
func swap(t *testing.T, s *server) {
	f := s.farm(t)
	f.library("one", "aaa")
	f.library("two", "bbb")
	f.library("three", "ccc")
	f.group("team", "address:aaa@farm.example")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
	f.run()
	f.setLocal("one", "")
	f.setLocal("two", "aaa")
	f.setLocal("three", "bbb")
	f.setLocal("one", "ccc")
	f.run()
	f.shows(`aaa "Default – The two (aaa)" SMTP:aaa@farm.example`, `bbb "Default – The three (bbb)" SMTP:bbb@farm.example`,
		`ccc "Default – The one (ccc)" SMTP:ccc@farm.example`, `team "The team (team)" SMTP:team@farm.example [aaa]`)
	f.calm()
}

// prefix renames everything: members have other names then, which nobody changed.
func prefix(t *testing.T, s *server) {
	f := s.farm(t)
	f.library("invoices", "invoices")
	f.group("team", "user:alice", "address:invoices@farm.example")
	f.ask("team", directory.Properties{LocalPart: "team", Title: "The team"})
	f.run()
	must(t, f.SetSettings(t.Context(), map[string]string{"alias_prefix": "x-"}))
	f.run()
	f.shows(`x-invoices "Default – The invoices (x-invoices)" SMTP:invoices@farm.example`,
		`x-team "The team (x-team)" SMTP:team@farm.example [Alice Archer x-invoices]`)
	f.calm()
	writes, err := f.DirectoryWrites(t.Context(), "group team")
	must(t, err)
	members := 0
	for _, w := range writes {
		if w.Action == directory.ActMembers {
			members++
		}
	}
	if members != 1 {
		t.Errorf("got %d changes of members on record, want one: %+v", members, writes)
	}
}
