package library_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// settingNames are the JSON names of all settings, in their order.
func settingNames() (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[library.Settings]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func TestDocumented(t *testing.T) {
	t.Parallel()
	var names []string
	for _, d := range library.Documented() {
		names = append(names, d.Name)
		if want := "--" + strings.ReplaceAll(d.Name, "_", "-"); d.Flag != want {
			t.Errorf("%s: flag %s, want %s", d.Name, d.Flag, want)
		}
		if d.Values == "" || d.Default == "" || d.SharePoint == "" || d.Meaning == "" {
			t.Errorf("%s: something is not said: %+v", d.Name, d)
		}
	}
	if diff := cmp.Diff(settingNames(), names); diff != "" {
		t.Errorf("settings -, documented +\n%s", diff)
	}
}

// TestDocumentedSharePoint: each property of SharePoint's that is a setting is named
// there.
func TestDocumentedSharePoint(t *testing.T) {
	t.Parallel()
	says := map[string]string{}
	for _, d := range library.Documented() {
		says[d.Name] = d.SharePoint
	}
	for _, p := range library.SharePointProperties() {
		if p.Setting != "" && p.Setting != "local_part" && !strings.HasPrefix(says[p.Setting], p.Name+": ") {
			t.Errorf("%s is %s, which says %q", p.Name, p.Setting, says[p.Setting])
		}
	}
}

// TestDocumentedDefaults sets each setting to the default that is documented, in words:
// that is what the zero value means.
func TestDocumentedDefaults(t *testing.T) {
	t.Parallel()
	a := identified(
		"s",
		message.Part{ID: "1", Type: "text/plain"}, logo, request, pdf, with(pdf, func(p *message.Part) { p.ID, p.Name = "5", "a.exe" }),
	)
	a.Plus, a.Message.Size, a.Contents[3].Size = "2026", 1<<40, library.DefaultMaxFileSize
	want := library.Plan(library.Library{}, a)
	defaults := map[string]any{}
	for _, d := range library.Documented() {
		word, _, _ := strings.Cut(d.Default, ",")
		defaults[d.Name] = word
		switch word {
		case "none":
			if d.Name != "save_body" {
				defaults[d.Name] = []string{}
			}
		case "none: all files":
			defaults[d.Name] = []string{}
		case "what the farm asks":
			defaults[d.Name] = ""
		case "true", "false":
			defaults[d.Name] = word == "true"
		}
		if strings.Contains(d.Values, "size") {
			size, err := library.ParseSize(word)
			if err != nil {
				t.Errorf("%s: %v", d.Name, err)
			}
			defaults[d.Name] = size
		}
	}
	defaults["versions"] = json.Number(defaults["versions"].(string))
	encoded, err := json.Marshal(defaults)
	if err != nil {
		t.Fatal(err)
	}
	var s library.Settings
	if err := json.Unmarshal(encoded, &s); err != nil {
		t.Fatalf("%s: %v", encoded, err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if s.Accept != library.AcceptContributors || s.Versions != 0 || s.SenderTrust != "" || s.SaveHeaders {
		t.Errorf("got %+v", s)
	}
	if diff := cmp.Diff(want, library.Plan(library.Library{Settings: s}, a)); diff != "" {
		t.Errorf("zero value -, documented +\n%s", diff)
	}
	a.Contents[3].Size++
	if got := library.Plan(library.Library{Settings: s}, a); got.Reason == "" {
		t.Errorf("a file larger than max_file_size: got %q", planText(got))
	}
}
