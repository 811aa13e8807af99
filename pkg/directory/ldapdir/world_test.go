package ldapdir_test

import (
	"errors"
	"strings"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

// password is one that must stand in no error.
const password = "hunter2-in-clear"

func bob() address.Address { return address.Address{Local: "bob", Domain: "corp.example"} }

func open(t *testing.T, o ldapdir.Options) *ldapdir.Directory {
	t.Helper()
	d, err := ldapdir.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// unknown checks that an error is no answer: it allows nothing and denies nothing.
func unknown(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, fault.ErrNotFound) || errors.Is(err, directory.ErrAmbiguous) || fault.Of(err) != fault.Transient {
		t.Errorf("got %v, want a transient error that is no answer", err)
	}
	if err != nil && strings.Contains(err.Error(), password) {
		t.Errorf("the error has the password: %v", err)
	}
}

// The answers that are no person and no group.
const (
	nobody    = "nobody"
	ambiguous = "ambiguous"
)

// answer returns what was found, or one of those above.
func answer(found string, err error) string {
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return nobody
	case errors.Is(err, directory.ErrAmbiguous):
		return ambiguous
	case err != nil:
		return err.Error()
	}
	return found
}
