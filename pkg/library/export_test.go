package library

import (
	"maps"
	"slices"
)

// KnownKinds returns the media types of kinds.
func KnownKinds() []string { return slices.Sorted(maps.Keys(kinds)) }
