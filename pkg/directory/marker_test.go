package directory_test

import (
	"errors"
	"strings"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

const (
	installation = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	elsewhere    = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
)

func TestMarker(t *testing.T) {
	t.Parallel()
	tests := []struct {
		marker directory.Marker
		want   string
	}{
		{directory.Marker{Installation: installation, Kind: directory.KindContact, Key: "k-1"}, "farm-dms:1:" + installation + ":list:k-1"},
		{directory.Marker{Installation: installation, Kind: directory.KindGroup, Key: "k-2"}, "farm-dms:1:" + installation + ":group:k-2"},
	}
	for _, test := range tests {
		if got := test.marker.String(); got != test.want {
			t.Errorf("String: got %q, want %q", got, test.want)
		}
		got, err := directory.ParseMarker(test.want)
		if err != nil || got != test.marker {
			t.Errorf("ParseMarker(%q): got %v, %v, want %v", test.want, got, err, test.marker)
		}
		if !strings.HasPrefix(test.want, directory.MarkerPrefix(installation)) {
			t.Errorf("%q does not begin with %q", test.want, directory.MarkerPrefix(installation))
		}
	}
}

func TestParseMarkerRefuses(t *testing.T) {
	t.Parallel()
	good := "farm-dms:1:" + installation + ":list:key"
	for _, s := range []string{
		"", "farm-dms", "farm-dms:1:", "User_1", good + " ", " " + good, good + "\n", good + ":more", strings.ToUpper(good),
		"farm-dms:2:" + installation + ":list:key", "farm-dms:1::list:key", "farm-dms:1:" + installation + ":list:",
		"farm-dms:1:" + installation + ":user:key", "farm-dms:1:" + installation + ":list:*", "farm-dms:1:*:list:key",
	} {
		if got, err := directory.ParseMarker(s); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("ParseMarker(%q): got %v, %v, want fault.ErrInvalid", s, got, err)
		}
	}
}

// What is a marker is written as it was read, and the prefix of its installation, and of no
// other, is how it begins.
func FuzzMarker(f *testing.F) {
	f.Add("farm-dms:1:" + installation + ":list:0f8fad5b-d9cb-469f-a165-70867728950e")
	f.Add("farm-dms:1:a:group:b")
	f.Add("farm-dms:1:a:b:group:c")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := directory.ParseMarker(s)
		if err != nil {
			return
		}
		if got := m.String(); got != s {
			t.Errorf("ParseMarker(%q).String(): got %q", s, got)
		}
		if !strings.HasPrefix(s, directory.MarkerPrefix(m.Installation)) {
			t.Errorf("%q has not the prefix of its installation", s)
		}
		if strings.HasPrefix(s, directory.MarkerPrefix(m.Installation[:len(m.Installation)-1])) {
			t.Errorf("%q has the prefix of another installation", s)
		}
	})
}
