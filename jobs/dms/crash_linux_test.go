package dms_test

import (
	"fmt"
	"testing"

	"mailchute/jobs"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
)

// struck returns the farm of a story as a process that m strikes, on a server.
func (s *server) struck(t *testing.T, m *mortal) (f, victim *farm, approved []int64) {
	t.Helper()
	f = s.farm(t)
	approved = f.story()
	b := f.base
	b.publisher = mortalPublisher{f.publisher, m}
	return f, b.process(t, m.wrap), approved
}

// Whatever effect the process dies before or after, one more run brings a server with LDAP
// to the same end.
func TestDeathOverLDAP(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T, directorytest.World) *server{"slapd": onSlapd, "fake AD": onFakeAD} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, directorytest.People())
			total := 0
			t.Run("undisturbed", func(t *testing.T) {
				m := &mortal{}
				f, victim, approved := s.struck(t, m)
				victim.run()
				f.ended(approved)
				total = m.n
			})
			for k := 1; k <= total; k++ {
				after := k%2 == 0
				t.Run(fmt.Sprint(k), func(t *testing.T) {
					m := &mortal{at: k, after: after, dies: true}
					f, victim, approved := s.struck(t, m)
					manual := f.manual()
					_, err := victim.job.Run(t.Context(), jobs.Arrival)
					_ = victim.close() // it is dead, and so are its locks
					next := f.process(t, unwrapped)
					next.run()
					next.ended(approved)
					if t.Failed() {
						t.Fatalf("died at effect %d, %s, after=%v (it said: %v); the log is\n%s", k, m.log[k-1], after, err, next.log)
					}
					if f.manual() != manual {
						t.Error("somebody else's object was changed")
					}
				})
			}
			crashes.Tried("deaths over LDAP", total)
		})
	}
}

// A server that dies before or after a write, and comes back, is brought to the same end.
func TestServerDies(t *testing.T) {
	t.Parallel()
	slapd := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{Strict: true})
	admin := &tracker{}
	s := &server{account(directorytest.WriterDN, slapd.WriterPassword, ldapdir.Options{URL: slapd.LDAPS, CAFile: slapd.Authority}), admin}
	for _, k := range []int{1, 4, 7, 11, 15} {
		for _, after := range []bool{false, true} {
			admin.Administrator = slapd.Administrator(t)
			f := s.newFarm(t, installation)
			approved := f.story()
			b := f.base
			b.publisher = mortalPublisher{f.publisher, &mortal{at: k, after: after, instead: slapd.Stop}}
			victim := b.process(t, unwrapped)
			for range 2 {
				again := victim.run()
				victim.clock.advance(again.Sub(victim.clock.Now()))
			}
			slapd.Start(t)
			admin.Administrator = slapd.Administrator(t)
			victim.admin = admin
			victim.run()
			victim.ended(approved)
			if n := victim.said(`"level":"error"`); n < 1 || n > 2 || victim.said("can be written to again") != 1 {
				t.Errorf("it was said %d times that it is down, want once in the same words, and that it is over:\n%s", n, victim.log)
			}
			s.tidy(t, f)
			if t.Failed() {
				t.Fatalf("write %d, after=%v: the log is\n%s", k, after, victim.log)
			}
		}
	}
}
