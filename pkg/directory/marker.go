package directory

import (
	"fmt"
	"regexp"
	"strings"

	"mailchute/pkg/fault"
)

// Marker is what an object of ours carries in the directory, and others do not: without it,
// or with another one, an object is not ours.
type Marker struct {
	Installation string // a UUID in lower case
	Kind         Kind
	Key          string // Object.Key
}

const markerStart = "farm-dms:1:"

var markerPattern = regexp.MustCompile(`^farm-dms:1:([0-9a-z-]+):(list|group):([0-9a-z-]+)$`)

// MarkerPrefix returns what the markers of all objects of an installation begin with, and
// those of no other.
func MarkerPrefix(installation string) string { return markerStart + installation + ":" }

// String returns the marker as it is written: "farm-dms:1:INSTALLATION:list:KEY".
func (m Marker) String() string {
	kind := "list"
	if m.Kind == KindGroup {
		kind = "group"
	}
	return MarkerPrefix(m.Installation) + kind + ":" + m.Key
}

// ParseMarker reads what String wrote. fault.ErrInvalid: it is no marker, or one of another
// version.
func ParseMarker(s string) (Marker, error) {
	found := markerPattern.FindStringSubmatch(s)
	if found == nil {
		return Marker{}, fmt.Errorf("marker %q: it does not read %sINSTALLATION:list|group:KEY: %w",
			strings.ToValidUTF8(s, "?"), markerStart, fault.ErrInvalid)
	}
	m := Marker{Installation: found[1], Kind: KindContact, Key: found[3]}
	if found[2] == "group" {
		m.Kind = KindGroup
	}
	return m, nil
}
