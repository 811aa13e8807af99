package incoming_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
	"mailchute/store"
)

// What makes mail with other bytes the same mail, and what does not.
func TestDuplicatesByMessageID(t *testing.T) {
	t.Parallel()
	const to, id = "invoices@case.test", "Message-ID: <x@case.test>\r\n"
	alice := mail("alice@case.test", to)
	first, second := id+"Subject: x\r\n\r\nfirst\r\n", id+"Subject: x\r\n\r\nsecond\r\n"
	blocked := attached(id, "a.exe", "x")
	for _, row := range []struct {
		name          string
		first, second string
		states        string
	}{
		{"the same sender", alice + first, alice + second, "filed duplicate"},
		{"the same sender in other letters", alice + first, mail("ALICE@Case.Test", to) + second, "filed duplicate"},
		{"another sender", alice + first, mail("carol@case.test", to) + second, "filed filed"},
		{"nobody sent both", mail("", "open@case.test") + first, mail("", "open@case.test") + second, "filed filed"},
		{"an empty Message-ID", alice + "Message-ID:\r\n\r\n1\r\n", alice + "Message-ID:\r\n\r\n2\r\n", "filed filed"},
		{"the first was held, the second can be filed", mail("alice@case.test", "strict@case.test") + blocked, mail("alice@case.test", "strict@case.test") + second, "held filed"},
		{"both would be held", mail("alice@case.test", "no@case.test") + first, mail("alice@case.test", "no@case.test") + second, "held duplicate"},
		{"the first was filed, the second would be held", mail("alice@case.test", "strict@case.test") + first, mail("alice@case.test", "strict@case.test") + blocked, "filed duplicate"},
		{"one recipient more", alice + first, mail("alice@case.test", to, "open@case.test") + second, "filed filed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newBadInputWorld(t)
			w.must(w.store.SetSettings(t.Context(), map[string]string{"duplicates": "message-id"}))
			w.must(w.store.AddUser(t.Context(), access.User{Login: "carol", Addresses: []string{"carol@" + domain}}))
			w.must(w.store.Grant(t.Context(), access.Grant{
				Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.UserPrincipal("carol"), Level: access.Contribute,
			}))
			states := []string{}
			for i, content := range []string{row.first, row.second} {
				name := fmt.Sprintf("%d.eml", i+1)
				w.drop(name, content)
				states = append(states, string(w.processedIn(w.drain().Run)[name].State))
			}
			if got := strings.Join(states, " "); got != row.states {
				t.Errorf("got %s, want %s", got, row.states)
			}
			w.drained()
			w.verify()
		})
	}
}

// A duplicate by Message-ID is on record with the message that it is one of, also where
// only some of its recipients have that.
func TestDuplicatesOnRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.must(w.store.SetSettings(t.Context(), map[string]string{"duplicates": "message-id"}))
	w.library(library.Library{Name: "invoices"})
	w.library(library.Library{Name: "copies"})
	w.drop("1.eml", mail("alice@case.test", "invoices@case.test")+attached(received, "a.txt", "1"))
	first := w.processedIn(w.drain().Run)["1.eml"]
	w.drop("2.eml", mail("alice@case.test", "invoices@case.test")+attached(received, "a.txt", "2"))
	w.drop("3.eml", mail("alice@case.test", "invoices@case.test", "copies@case.test")+attached(received, "a.txt", "3"))
	rows := w.processedIn(w.drain().Run)
	detail := "same Message-ID and sender as 1.eml (message " + first.Key.String() + "), which invoices@case.test had"
	for name, state := range map[string]store.State{"2.eml": store.Duplicate, "3.eml": store.Filed} {
		if got := rows[name]; got.State != state || got.Detail != detail || (got.Key == first.Key) != (state == store.Duplicate) {
			t.Errorf("%s: got %+v, want it %s: %s", name, got, state, detail)
		}
	}
	if diff := cmp.Diff([]string{"filed copies@case.test"}, w.verdicts("3.eml")); diff != "" {
		t.Errorf("3.eml (-want +got):\n%s", diff)
	}
	history, err := w.store.Trace(t.Context(), "2.eml")
	if err != nil || len(history) != 1 || history[0].Item.File != "1.eml" || len(history[0].Documents) != 1 {
		t.Errorf("got history %+v, %v of 2.eml; want that of 1.eml", history, err)
	}
	w.drained()
	w.verify()
}

// Of copies with other bytes that two processes have in hand at once, one is filed.
func TestDuplicatesOfTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "eml")
	w.must(w.store.SetSettings(t.Context(), map[string]string{"duplicates": "message-id"}))
	w.library(library.Library{Name: "invoices"})
	const n = 100
	for i := range n {
		w.drop(fmt.Sprint(i, ".eml"), mail("alice@case.test", "invoices@case.test")+attached(received, "a.txt", fmt.Sprint(i)))
	}
	filed, duplicate := 0, 0
	for _, sum := range w.both(w.beside(), "drain") {
		filed, duplicate = filed+sum.Filed, duplicate+sum.Duplicate
	}
	if filed != 1 || duplicate != n-1 {
		t.Errorf("got %d filed and %d duplicates, want one filed of %d", filed, duplicate, n)
	}
	w.drained()
	w.verify()
}
