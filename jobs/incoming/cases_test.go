package incoming_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
	"mailchute/testdata"
)

// Each case of package testdata gets its verdict, and the explanation says so beforehand.
func TestCases(t *testing.T) {
	t.Parallel()
	cases, err := testdata.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			w := newFarm(t, c.Format)
			file := w.dropCase(c)
			explained := w.explain(file)

			sum := w.drain()
			if sum.Processed != 1 || sum.Backlog != 0 {
				t.Errorf("got summary %+v, want the one message processed", sum)
			}
			filed, held := w.caseVerdict()
			if diff := cmp.Diff(wanted(c), filed); diff != "" {
				t.Errorf("%s: documents (-want +got):\n%s", c.Note, diff)
			}
			wantHeld := slices.SortedFunc(slices.Values(c.Held), compareHeld)
			if diff := cmp.Diff(wantHeld, held); diff != "" {
				t.Errorf("%s: held (-want +got):\n%s", c.Note, diff)
			}
			w.drained()
			w.verify()
			w.checkExplained(explained, sum)
		})
	}
}

// newFarm makes the farm that package testdata describes.
func newFarm(t *testing.T, format string) *world {
	t.Helper()
	w := newWorld(t, format)
	w.must(w.store.Revoke(t.Context(), access.Scope{Kind: access.ScopeSite, Name: "default"}, access.GroupPrincipal("team")))
	w.library(library.Library{Name: "closed", Settings: library.Settings{Accept: library.AcceptContributors}})
	w.must(w.store.Grant(t.Context(), access.Grant{
		Scope: access.Scope{Kind: access.ScopeLibrary, Name: "closed"}, Principal: access.UserPrincipal("alice"), Level: access.Contribute,
	}))
	for name, s := range map[string]library.Settings{
		"open":    {},
		"sender":  {Folders: library.FoldersSender},
		"subject": {Folders: library.FoldersSubject},
		"orig":    {SaveOriginal: true},
		"meet":    {SaveMeetings: true},
		"over":    {Overwrite: true},
		"strict":  {MaxFileSize: 1024, BlockedTypes: []string{"exe", "js"}},
		"blocks":  {BlockedTypes: []string{library.PresetSharePoint}},
		"skips":   {BlockedTypes: []string{library.PresetSharePoint}, Blocked: library.BlockedSkip},
		"sheets":  {Include: []string{"*.csv"}, Exclude: []string{"draft*"}},
		"small":   {MaxMessageSize: 1024},
		"plus":    {Plus: library.PlusFolder},
		"bodies":  {SaveBody: library.BodyText},
		"pages":   {SaveBody: library.BodyHTML},
		"named":   {NameTemplate: "{date}/{sender} {name} {n}{ext}"},
	} {
		s.Accept = library.AcceptAnyone
		w.library(library.Library{Name: name, Settings: s})
	}
	return w
}

// dropCase puts a case's drop file where its format has it, and returns its path.
func (w *world) dropCase(c testdata.Case) string {
	w.t.Helper()
	format, err := drop.FormatNamed(c.Format)
	w.must(err)
	dir := filepath.Join(w.dir, "drop")
	if format.Maildir {
		dir = filepath.Join(dir, "new")
		w.must(os.Mkdir(dir, 0o700))
	}
	file := filepath.Join(dir, c.File)
	w.write(file, string(c.Drop))
	return file
}

// caseVerdict returns what the farm has filed and held, in order.
func (w *world) caseVerdict() (filed []testdata.Filed, held []testdata.Held) {
	w.t.Helper()
	all, err := w.store.Libraries(w.t.Context())
	w.must(err)
	for _, l := range all {
		for _, d := range w.documents(l.Name) {
			filed = append(filed, testdata.Filed{
				Library: l.Name, Path: d.Path(), SHA256: d.Content.Digest.String(), Size: d.Content.Size,
				Author: d.Author, Damaged: d.Content.Damaged != "",
			})
		}
	}
	mail, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	for _, h := range mail {
		held = append(held, testdata.Held{Reason: string(h.Outcome.Reason), Recipient: h.Outcome.Recipient})
	}
	slices.SortFunc(filed, compareFiled)
	slices.SortFunc(held, compareHeld)
	return filed, held
}

// wanted returns the documents that a case wants, in order.
func wanted(c testdata.Case) []testdata.Filed {
	docs := slices.DeleteFunc(slices.Clone(c.Filed), func(f testdata.Filed) bool { return f.Path == "" })
	if len(docs) == 0 {
		return nil
	}
	slices.SortFunc(docs, compareFiled)
	return docs
}

func compareFiled(a, b testdata.Filed) int {
	return strings.Compare(a.Library+"/"+a.Path, b.Library+"/"+b.Path)
}

func compareHeld(a, b testdata.Held) int { return strings.Compare(a.Recipient, b.Recipient) }
