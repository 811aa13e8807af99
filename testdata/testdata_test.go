package testdata_test

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/testdata"
)

const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestCases(t *testing.T) {
	t.Parallel()
	cases, err := testdata.Cases()
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 80 {
		t.Errorf("got %d cases, want at least 80", len(cases))
	}
	libraries := strings.Fields("open closed sender subject orig meet over strict blocks skips sheets small plus bodies pages named")
	for _, c := range cases {
		if !slices.Contains(drop.Formats(), c.Format) {
			t.Errorf("%s: unknown format %q", c.Name, c.Format)
		}
		for _, h := range c.Held {
			if !slices.Contains(fault.Reasons(), fault.Reason(h.Reason)) {
				t.Errorf("%s: unknown reason %q", c.Name, h.Reason)
			}
			if (h.Reason == "no-envelope") != (h.Recipient == "") {
				t.Errorf("%s: held %s for %q", c.Name, h.Reason, h.Recipient)
			}
		}
		for _, f := range c.Filed {
			if !slices.Contains(libraries, f.Library) {
				t.Errorf("%s: unknown library %q", c.Name, f.Library)
			}
		}
	}
}

func TestParseCase(t *testing.T) {
	t.Parallel()
	got, err := testdata.ParseCase("x", []byte("note: n\nformat: iis\nfile: f.eml\n"+
		"expect: filed open\n"+
		`expect: filed open "a b/\"c\".txt" sha256:`+digest+" size:0 author:alice damaged\n"+
		"expect: filed orig a.txt sha256:"+digest+" size:7\n"+
		"expect: held unknown-address \"a b\"@case.test\n\nX-Sender: <>\n\nbody\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := testdata.Case{
		Name: "x", Note: "n", Format: "iis", File: "f.eml",
		Filed: []testdata.Filed{
			{Library: "open"},
			{Library: "open", Path: `a b/"c".txt`, SHA256: digest, Author: "alice", Damaged: true},
			{Library: "orig", Path: "a.txt", SHA256: digest, Size: 7, Author: "System Account"},
		},
		Held: []testdata.Held{{Reason: "unknown-address", Recipient: `"a b"@case.test`}},
		Drop: []byte("X-Sender: <>\n\nbody\n"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseCaseIsStrict(t *testing.T) {
	t.Parallel()
	for _, head := range []string{
		"expect: held no-envelope",
		"note: n",
		"note: n\nnote: again\nexpect: held no-envelope",
		"note: n\ncomment: c\nexpect: held no-envelope",
		"note: n\nexpect:held no-envelope",
		"note: n\nexpect: held",
		"note: n\nexpect: lost open",
		"note: n\nexpect: filed open a.txt",
		"note: n\nexpect: filed open a.txt sha256:00 size:1",
		"note: n\nexpect: filed open a.txt sha256:" + strings.ToUpper(digest) + " size:1",
		"note: n\nexpect: filed open a.txt sha256:" + digest + " size:-1",
		"note: n\nexpect: filed open a.txt sha256:" + digest,
		"note: n\nexpect: filed open a b.txt sha256:" + digest + " size:1",
		"note: n\nexpect: filed open a.txt sha256:" + digest + " size:1 damaged author:alice",
		"note: n\nexpect: filed open a.txt sha256:" + digest + " size:1 mended",
	} {
		if c, err := testdata.ParseCase("x", []byte(head+"\n\nbody")); err == nil {
			t.Errorf("%q was read as %+v, want an error", head, c)
		}
	}
	if c, err := testdata.ParseCase("x", []byte("note: n\nexpect: held no-envelope\n")); err == nil {
		t.Errorf("a case without a drop file was read as %+v, want an error", c)
	}
}

// TestDemo: every message of the demo has an envelope in format eml.
func TestDemo(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(testdata.Demo(), "[0-9][0-9]-*.eml")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 11 {
		t.Errorf("got %d messages, want 11", len(names))
	}
	format, err := drop.FormatNamed("eml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(testdata.Demo(), name)
		if err != nil {
			t.Fatal(err)
		}
		env, err := drop.ReadEnvelope(bytes.NewReader(data), int64(len(data)), format)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, r := range env.Recipients {
			if r.Domain != "demo.example" {
				t.Errorf("%s: recipient %s is not at demo.example", name, r)
			}
		}
	}
}
