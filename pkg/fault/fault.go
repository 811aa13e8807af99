// Package fault says what should happen after something went wrong: the sentinels
// that every floor shares, the classes that decide an item's fate, and the stable
// reasons why a message was not filed. It is a leaf: it imports nothing of ours.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Sentinels that any package may wrap. Ask with errors.Is.
var (
	// ErrNotFound: the thing asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a name or local part is in use, or the state does not allow it.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: what was given cannot be: a value that is none, a format not named.
	ErrInvalid = errors.New("invalid")
	// ErrStale: what was read before has changed since; read again and start over.
	ErrStale = errors.New("changed meanwhile")
)

// Class says what happens to an item whose handling failed.
type Class int

const (
	// Transient is the class of every unmarked error: the item goes to retry.
	Transient Class = iota
	// Permanent: this recipient can never succeed; it is held with the reason.
	Permanent
	// Poison: the message itself does harm (over limits, panicked, killed us); held.
	Poison
	// Interrupted: we were asked to stop; the item is returned as if never claimed.
	Interrupted
)

// String returns the class's name as events print it.
func (c Class) String() string {
	switch c {
	case Permanent:
		return "permanent"
	case Poison:
		return "poison"
	case Interrupted:
		return "interrupted"
	case Transient:
	}
	return "transient"
}

// Error is an error with its class and, for a held item, the reason it is held for.
type Error struct {
	Class  Class
	Reason Reason
	Err    error
}

// Error returns the text of the wrapped error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Mark gives err a class and a reason; nil stays nil.
func Mark(c Class, r Reason, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Class: c, Reason: r, Err: err}
}

// Markf is Mark over fmt.Errorf.
func Markf(c Class, r Reason, format string, args ...any) error {
	return Mark(c, r, fmt.Errorf(format, args...))
}

// Of returns the class of err: that of the outermost mark, Interrupted for a
// cancelled context, else Transient.
func Of(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	return Transient
}

// ReasonOf returns the reason that err was marked with, or "" when it has none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}
