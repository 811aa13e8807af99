package incoming_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/dkim"
	"mailchute/pkg/library"
	"mailchute/store"
)

// The people of the farm. The victim and bob may contribute everywhere, mallory is known
// and may nothing.
var trialUsers = map[string][]string{
	"ceo": {
		"ceo@drop.test", "ceo@victim.co.uk", "ceo@victim.co.ck", "ceo@victim.github.io", "ceo@victim.公司.cn", "ceo@shared.test", "ceo@bücher.test",
		"zoë@drop.test", "kiosk@drop.test", "straße@drop.test", "ceo+board@drop.test", `"c e o"@drop.test`,
		"admin@legitimate.com", "admin@example.com",
	},
	"bob":     {"bob@drop.test", "bob@partner.test", "bob@Lists.partner.test"},
	"mallory": {"mallory@drop.test"},
}

// newTrialWorld makes the farm drop.test with a feed: library anyone takes mail of anyone
// and asks for aligned senders, aligned and proven are for contributors and ask for that,
// and secret is like anyone.
func newTrialWorld(t *testing.T, feed string) *world {
	t.Helper()
	w := newTrialFarm(t, feed)
	for _, name := range trialLibraries {
		s := library.Settings{Accept: library.AcceptAnyone, SenderTrust: "aligned", SaveOriginal: true}
		if name == "aligned" || name == "proven" {
			s.Accept, s.SenderTrust = library.AcceptContributors, name
		}
		w.library(library.Library{Name: name, Settings: s})
	}
	return w
}

// newTrialFarm makes the farm drop.test with a feed and without libraries.
func newTrialFarm(t *testing.T, feed string, options ...func(*incoming.Options)) *world {
	t.Helper()
	format, _, _ := strings.Cut(feed, " ")
	w := newWorld(t, format, with(func(o *incoming.Options) {
		o.Domains, o.DKIM = []string{"drop.test"}, dkim.New(dkim.Options{Lookup: trialDNS})
		if err := readFeed(&o.Feeds[0], feed); err != nil {
			t.Fatal(err)
		}
		for _, change := range options {
			change(o)
		}
	}))
	ctx := t.Context()
	w.must(w.store.SetSettings(ctx, map[string]string{"sender_trust": "aligned"}))
	for login, addresses := range trialUsers {
		if login == "bob" { // every world has a bob
			w.must(w.store.SetUser(ctx, login, func(u *access.User) error { u.Addresses = addresses; return nil }))
			continue
		}
		w.must(w.store.AddUser(ctx, access.User{Login: login, Addresses: addresses}))
	}
	for _, login := range []string{"ceo", "bob"} {
		w.must(w.store.Grant(ctx, access.Grant{
			Scope: access.Scope{Kind: access.ScopeSite, Name: "default"}, Principal: access.UserPrincipal(login), Level: access.Contribute,
		}))
	}
	return w
}

// dropTrial drops a case for each library, and returns the paths of its files by library.
func (w *world) dropTrial(c trial) map[string]string {
	w.t.Helper()
	format := *w.options().Feeds[0].Reads
	dir := filepath.Join(w.dir, "drop")
	if format.Maildir {
		dir = filepath.Join(dir, "new")
	}
	w.must(os.MkdirAll(dir, 0o700))
	files := map[string]string{}
	for _, name := range []string{"anyone", "aligned", "proven"} {
		text, err := c.expand(format.Name, name+"@drop.test")
		if err != nil {
			w.t.Fatalf("%s: %v", c.name, err)
		}
		files[name] = filepath.Join(dir, strings.ReplaceAll(c.name, "/", "-")+"."+name+".eml")
		w.write(files[name], text)
	}
	return files
}

// fates is what became of files: "nobody" or a login for who is the author of a library's
// documents, else why there are none.
type fates map[string]map[string]string // by file, then by library

// becameOf says what became of the files of a run.
func (w *world) becameOf(run string) fates {
	w.t.Helper()
	authors := w.authors()
	all := fates{}
	w.must(w.catalog.View(w.t.Context(), func(tx store.Tx) error {
		keys, cases := map[string]store.Key{}, map[store.Key]string{}
		for p, err := range tx.ProcessedOf(run) {
			if err != nil {
				return err
			}
			all[p.File] = map[string]string{}
			if p.State == store.Deferred {
				all[p.File][""] = "deferred"
				continue
			}
			keys[p.File] = p.Key
			if of, ok := cases[p.Key]; ok && of != caseOf(p.File) {
				w.t.Errorf("%s and %s are one message: nothing is shown by the second", of, p.File)
			}
			cases[p.Key] = caseOf(p.File)
		}
		for file, key := range keys {
			outcomes, err := tx.Outcomes(key)
			if err != nil {
				return err
			}
			for _, o := range outcomes {
				all[file][localOf(o.RecipientKey)] = verdictOf(o, authors)
			}
		}
		return nil
	}))
	return all
}

// documentOf is a message in a library.
type documentOf struct {
	key     store.Key
	library string
}

// authors returns the authors of all documents.
func (w *world) authors() map[documentOf][]string {
	w.t.Helper()
	all := map[documentOf][]string{}
	for _, name := range trialLibraries {
		for _, d := range w.documents(name) {
			at := documentOf{d.Key, name}
			if !slices.Contains(all[at], d.Author) {
				all[at] = append(all[at], d.Author)
			}
		}
	}
	return all
}

func verdictOf(o store.Outcome, authors map[documentOf][]string) string {
	if o.State != store.Filed {
		return string(o.Reason)
	}
	return authorsInWords(authors[documentOf{o.Key, o.Library}])
}

func authorsInWords(authors []string) string {
	switch {
	case len(authors) == 0:
		return "no-document"
	case slices.Equal(authors, []string{access.SystemAccount}):
		return "nobody"
	}
	return strings.Join(authors, ",")
}

// caseOf is the name of a drop file without its library.
func caseOf(file string) string {
	return file[:strings.LastIndex(strings.TrimSuffix(file, ".eml"), ".")]
}

// localOf is the local part of an address; "" where it has no domain.
func localOf(key string) string {
	return key[:max(0, strings.LastIndexByte(key, '@'))]
}

// in returns what became of the files of a case in a library: each file was for one, and
// what names no recipient is the same for all of them.
func (f fates) in(files map[string]string, name string) string {
	found := "none"
	for library, path := range files {
		of := f[filepath.Base(path)]
		verdict, ok := of[name]
		if library == name && !ok {
			verdict, ok = of[""]
		}
		if ok && (library == name || name == "secret") {
			found = verdict
		}
	}
	return found
}
