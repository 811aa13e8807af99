package incoming_test

import (
	"fmt"
	"slices"
	"testing"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

// Nobody is taken for the person whom a forged message claims to be from: From gives no
// right to contribute, and makes nobody an author.
func TestCorpusForgeries(t *testing.T) {
	t.Parallel()
	dir := shared(t, "corpus")
	tests := slices.DeleteFunc(peerTests(t, dir), func(p peerTest) bool { return !p.Spoof })
	if len(tests) < 8 {
		t.Fatalf("got %d forgeries, want 8", len(tests))
	}
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "closed"})
	w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone}})
	claimed := []string{"admin@example.com", "ceo@example.com"}
	for _, p := range tests {
		if p.Claimed != "" && !slices.Contains(claimed, p.Claimed) {
			claimed = append(claimed, p.Claimed)
		}
	}
	w.must(w.store.AddUser(t.Context(), access.User{Login: "claimed", Addresses: claimed}))
	w.must(w.store.Grant(t.Context(), access.Grant{
		Scope: access.Scope{Kind: "site", Name: "default"}, Principal: access.UserPrincipal("claimed"), Level: access.Contribute,
	}))
	for i, m := range corpus(t, dir, func(file string) bool {
		return slices.ContainsFunc(tests, func(p peerTest) bool { return p.File == file })
	}) {
		from := tests[slices.IndexFunc(tests, func(p peerTest) bool { return p.File == m.File })].EnvelopeFrom
		name := fmt.Sprintf("%d.eml", i)
		w.drop(name, mail(from, "closed@"+domain, "open@"+domain)+string(m.raw))
	}
	w.drain()
	if got := w.names("closed"); len(got) > 0 {
		t.Errorf("got %q in a library that takes mail of contributors only", got)
	}
	docs := w.documents("open")
	if len(docs) < len(tests) {
		t.Errorf("got %d documents of %d forgeries", len(docs), len(tests))
	}
	for _, d := range docs {
		if d.Author != access.SystemAccount {
			t.Errorf("%s: got the author %q, want %q", d.Name, d.Author, access.SystemAccount)
		}
	}
}
