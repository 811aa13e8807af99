package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
)

func TestNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 127)
	tests := []struct {
		name    string
		letters []letter
		want    []string
	}{
		{
			"a name that is taken gets the next number",
			[]letter{{key: "1", names: []string{"a.pdf"}}, {key: "2", names: []string{"a.pdf"}}, {key: "3", names: []string{"a.pdf"}}},
			[]string{"a (2).pdf v1", "a (3).pdf v1", "a.pdf v1"},
		},
		{
			"a number that is taken by a name is passed over",
			[]letter{{key: "1", names: []string{"a.pdf", "a (2).pdf"}}, {key: "2", names: []string{"a.pdf"}}},
			[]string{"a (2).pdf v1", "a (3).pdf v1", "a.pdf v1"},
		},
		{
			"names that differ in case or composition only are the same",
			[]letter{{key: "1", names: []string{"\u00c4.pdf"}}, {key: "2", names: []string{"a\u0308.PDF"}}},
			[]string{"a\u0308 (2).PDF v1", "\u00c4.pdf v1"},
		},
		{
			"overwrite makes a version under the first spelling",
			[]letter{{key: "1", names: []string{"A.pdf"}, overwrite: true}, {key: "2", names: []string{"a.PDF"}, overwrite: true}},
			[]string{"A.pdf v2"},
		},
		{
			"folders that differ in case only are one, under the first spelling",
			[]letter{{key: "1", folder: "Invoices", names: []string{"a"}}, {key: "2", folder: "invoices", names: []string{"b"}}},
			[]string{"Invoices/a v1", "Invoices/b v1"},
		},
		{
			"a document of the root does not take a folder's name",
			[]letter{{key: "1", folder: "report", names: []string{"a"}}, {key: "2", names: []string{"Report"}}},
			[]string{"Report (2) v1", "report/a v1"},
		},
		{
			"a folder does not take the name of a document of the root, and stays one folder",
			[]letter{{key: "1", names: []string{"report"}}, {key: "2", folder: "Report", names: []string{"a"}}, {key: "3", folder: "Report", names: []string{"b"}}},
			[]string{"Report (2)/a v1", "Report (2)/b v1", "report v1"},
		},
		{
			"long names that lose their differing ends count together",
			[]letter{{key: "1", names: []string{long + "1", long + "2"}}, {key: "2", names: []string{long + "1"}}, {key: "3", names: []string{long + "2"}}},
			[]string{long + "1 v1", long + "2 v1", library.Numbered(long+"1", 2) + " v1", library.Numbered(long+"2", 3) + " v1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFarm(t)
			for _, l := range tt.letters {
				f.settle(l)
			}
			got, want := f.names(), tt.want
			sorted := cmp.Transformer("sorted", func(s []string) map[string]bool {
				m := map[string]bool{}
				for _, v := range s {
					m[v] = true
				}
				return m
			})
			if diff := cmp.Diff(want, got, sorted); diff != "" {
				t.Errorf("documents (-want +got):\n%s", diff)
			}
			f.verify()
		})
	}
}
