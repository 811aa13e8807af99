package directorytest

import (
	"testing"

	"mailchute/pkg/directory"
)

// Administrator changes a directory by hand, behind the back of a Publisher.
type Administrator interface {
	// Entry returns all that the directory has of an object, its place among it; nil where
	// it has none. Two that are equal were not written in between.
	Entry(t *testing.T, id string) directory.Attributes
	// Add adds an object that nobody publishes, and returns its ID.
	Add(t *testing.T, kind directory.Kind, alias string, a directory.Attributes) string
	// Copy adds an object with another's attributes, its marker among them.
	Copy(t *testing.T, id, alias string) string
	// Set gives an attribute these values; without any, it is removed.
	Set(t *testing.T, id, attribute string, values ...string)
	Rename(t *testing.T, id, alias string)
	Move(t *testing.T, id string, to Place)
	Delete(t *testing.T, id string)
	// Writes returns how many changes of the directory there have been.
	Writes(t *testing.T) int
}

// Place is where an object stands.
type Place int

// The places.
const (
	InContainer Place = iota
	BelowContainer
	Elsewhere
)

// MarkerAttribute is the attribute with the marker, for Administrator.Set.
const MarkerAttribute = "adminDescription"
