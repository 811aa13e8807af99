package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

func TestStatusNames(t *testing.T) {
	t.Parallel()
	names := []string{
		"Success", "PendingApproval", "ApprovalDenied", "DuplicateAlias", "InvalidArgument", "ServiceNotConfigured", "AccessDenied",
		"ServerUnavailable", "ObjectNotFound", "InvalidMember", "InternalError",
	}
	for i, want := range names {
		if got := directory.Status(i).String(); got != want {
			t.Errorf("status %d: got %q, want %q", i, got, want)
		}
	}
}

// The classes of errors, and the statuses that the directory service answers with.
func TestStatusOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want directory.Status
	}{
		{nil, directory.StatusSuccess},
		{fault.ErrConflict, directory.StatusDuplicateAlias},
		{fault.ErrInvalid, directory.StatusInvalidArgument},
		{fault.ErrNotFound, directory.StatusObjectNotFound},
		{directory.ErrAmbiguous, directory.StatusInvalidMember},
		{directory.ErrAccess, directory.StatusAccessDenied},
		{directory.ErrNotOwned, directory.StatusAccessDenied},
		{directory.ErrFourEyes, directory.StatusAccessDenied},
		{directory.ErrUnsupported, directory.StatusServiceNotConfigured},
		{fault.ErrStale, directory.StatusServerUnavailable},
		{errors.New("connection closed"), directory.StatusServerUnavailable},
		{context.DeadlineExceeded, directory.StatusServerUnavailable},
		{context.Canceled, directory.StatusServerUnavailable},
		{fault.Mark(fault.Permanent, "", errors.New("x")), directory.StatusInternalError},
		{fault.Mark(fault.Poison, "", errors.New("x")), directory.StatusInternalError},
	}
	for _, test := range tests {
		err := test.err
		if err != nil {
			err = fmt.Errorf("create team: %w", err)
		}
		if got := directory.StatusOf(err); got != test.want {
			t.Errorf("%v: got %v, want %v", err, got, test.want)
		}
	}
}
