package library_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
)

// utf16LE writes a text as Windows PowerShell's > does.
func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// rowText is what the tests compare of a row.
func rowText(l library.SharePointLibrary) string {
	words := []string{l.Name, l.Title, l.Site.Name, l.Site.Title}
	for _, p := range l.Properties {
		words = append(words, p.Property.Name+"="+p.Value)
	}
	return strings.Join(words, "|")
}

func TestReadSharePointExport(t *testing.T) {
	t.Parallel()
	const titles, row = "\"Name\",\"Title\",\"EmailAlias\",\"vti_emailoverwrite\"\r\n", "\"Docs\",\"Büro, alle\",\"docs\",\"True\"\r\n"
	docs := []string{"docs|Büro, alle|||EmailAlias=docs|vti_emailoverwrite=1"}
	for _, tt := range []struct {
		name, export string
		want         []string
	}{
		{"Export-Csv", titles + row, docs},
		{"with its line of types", "#TYPE Selected.SPList\r\n" + titles + row, docs},
		{"with a byte order mark", "\ufeff" + titles + row, docs},
		{"in UTF-16", utf16LE(titles + row), docs},
		{"with semicolons", "Name;Title;EmailAlias;vti_emailoverwrite\nDocs;Büro, alle;docs;1\n", docs},
		{"ConvertTo-Json, an array", "[\n  {\"Name\": \"Docs\", \"Title\": \"Büro, alle\", \"EmailAlias\": \"docs\", \"vti_emailoverwrite\": 1}\n]", docs},
		{"one object", "{\"name\": \"Docs\", \"title\": \"Büro, alle\", \"emailalias\": \"docs\",\n \"vti_emailoverwrite\": true}", docs},
		{
			"JSON lines", "{\"Name\":\"a\",\"EmailAlias\":null,\"vti_emailoverwrite\":null}\n{\"Name\":\"b\",\"Title\":\"B\"}\n",
			[]string{"a|||" + "|EmailAlias=", "b|B||"},
		},
		{"what is empty says nothing", "Name,EmailAlias,vti_emailoverwrite\na,,\n", []string{"a||||EmailAlias="}},
		{"a name from the title", "Title\nQuarterly Reports\n", []string{"quarterly-reports|Quarterly Reports||"}},
		{"a title from the name", "Name\nMy Docs\n", []string{"my-docs|My Docs||"}},
		{
			"sites", "Name,Site\na,http://sp/sites/HR Team/\nb,http://SP/sites/hr team\nc,http://sp/\nd,Finance\ne,\n",
			[]string{"a||hr-team|HR Team", "b||hr-team|hr team", "c|||", "d||finance|Finance", "e|||"},
		},
		{"nothing", "", nil},
	} {
		rows, err := library.ReadSharePointExport([]byte(tt.export))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got []string
		for _, r := range rows {
			got = append(got, rowText(r))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestReadSharePointExportRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, export, want string }{
		{"an unknown column", "Name,vti_emailoverwrit\na,1\n", `row 1: unknown column "vti_emailoverwrit"; there are Name, Title, Site, EmailAlias`},
		{"an unknown value", "Name,vti_emailoverwrite\na,1\nb,2\n", `row 2: vti_emailoverwrite "2": use 1 or 0`},
		{"a column twice", "Name,name\na,b\n", "row 1: column name is there twice"},
		{"no name", "Name,Title\n,\n", "row 1: it has neither a Name nor a Title"},
		{"no name that can be one", "Name\n文書\n", "row 1: it has neither a Name nor a Title"},
		{"a name twice", "Title\nShared Documents\nshared documents\n", "row 2: library shared-documents is that of row 1 already"},
		{"two sites of one name", "Name,Site\na,http://sp/hr/docs\nb,http://sp/it/docs\n", `row 2: site "it/docs" would become docs`},
		{"a site that can be none", "Name,Site\na,http://sp/文書\n", "no site can be named by it"},
		{"ragged CSV", "Name,Title\na\n", "this cannot be read as CSV: record on line 2"},
		{"ragged CSV behind a line of types", "#TYPE Selected.SPList\r\nName,Title\r\na\r\n", "this cannot be read as CSV: record on line 3"},
		{"broken JSON", "{\"Name\":\"a\"}\n{\"Name\":\n", "row 2: this cannot be read as JSON: "},
		{"JSON that is no object", "[1]", "row 1: it is no JSON object"},
		{"a list in JSON", `{"Name":"a","Title":["b"]}`, "row 1: Title is a list or an object"},
		{"no UTF-8", "Name\nB\xfcro\n", "the text is not UTF-8"},
	} {
		rows, err := library.ReadSharePointExport([]byte(tt.export))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v, want an error with %q", tt.name, rows, err, tt.want)
		}
	}
}

// FuzzReadSharePointExport: what is read can be set, and names are names, each once.
func FuzzReadSharePointExport(f *testing.F) {
	f.Add([]byte("Name,Site,vti_emailoverwrite\na,http://sp/x,1\n"))
	f.Add([]byte(`[{"Name":"a","EmailAlias":null},{"Title":"B b"}]`))
	f.Add([]byte(utf16LE("Name;EmailAlias\nx;y\n")))
	f.Fuzz(func(t *testing.T, export []byte) {
		rows, err := library.ReadSharePointExport(export)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if err := library.CheckName(r.Name); err != nil || seen[r.Name] {
				t.Errorf("row %d: name %q, seen %v, %v", r.Row, r.Name, seen[r.Name], err)
			}
			seen[r.Name] = true
			if r.Site.Name != "" && library.CheckName(r.Site.Name) != nil {
				t.Errorf("row %d: site %q", r.Row, r.Site.Name)
			}
			for _, p := range r.Properties {
				var l library.Library
				p.Property.Set(&l, p.Value)
				if err := l.Settings.Check(); err != nil {
					t.Errorf("row %d: %v", r.Row, err)
				}
			}
		}
	})
}
