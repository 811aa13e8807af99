package access

import (
	"fmt"
	"slices"
)

// levelNames are the spellings of the levels, in their order.
var levelNames = []string{"none", "read", "contribute", "edit", "design", "full-control"}

// String returns the level as commands and events spell it.
func (l Level) String() string { return nameOf(levelNames, int(l)) }

// ParseLevel reads a level that can be granted: read, contribute, edit, design or
// full-control.
func ParseLevel(s string) (Level, error) {
	i := slices.Index(levelNames, s)
	if i <= int(None) {
		return None, fmt.Errorf("level %q: use read, contribute, edit, design or full-control", s)
	}
	return Level(i), nil
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; unlike ParseLevel it takes "none".
func (l *Level) UnmarshalText(text []byte) error {
	if string(text) == levelNames[None] {
		*l = None
		return nil
	}
	level, err := ParseLevel(string(text))
	if err != nil {
		return err
	}
	*l = level
	return nil
}

// rungNames are the spellings of the rungs, in their order.
var rungNames = []string{"claimed", "aligned", "proven"}

// String returns the rung as commands and events spell it.
func (r Rung) String() string { return nameOf(rungNames, int(r)) }

// ParseRung reads claimed, aligned or proven.
func ParseRung(s string) (Rung, error) {
	i := slices.Index(rungNames, s)
	if i < 0 {
		return Claimed, fmt.Errorf("rung %q: use claimed, aligned or proven", s)
	}
	return Rung(i), nil
}

// MarshalText implements encoding.TextMarshaler.
func (r Rung) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Rung) UnmarshalText(text []byte) error {
	rung, err := ParseRung(string(text))
	if err != nil {
		return err
	}
	*r = rung
	return nil
}

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("unknown(%d)", i)
	}
	return names[i]
}
