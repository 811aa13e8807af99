package remote

import (
	"context"
	"fmt"

	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/pkg/fault"
)

// jobStatus says what became of a request that the client made. One that is approved has
// succeeded, as far as a farm is concerned: the directory follows by itself.
func (s session) jobStatus(ctx context.Context, c emailws.GetJobStatus) (emailws.Response, error) {
	r, _, err := s.Store.Request(ctx, int64(c.JobID))
	if err == nil && r.Requester != s.actor() {
		err = fmt.Errorf("request %d is of %s: %w", r.ID, r.Requester, fault.ErrNotFound)
	}
	if err != nil {
		return refusal("", err)
	}
	alias := r.Want.LocalPart
	if alias == "" {
		alias = r.Before.LocalPart
	}
	switch r.State {
	case directory.Pending:
		return waiting(r, alias)
	case directory.Approved, directory.Applied:
		return emailws.Response{Status: directory.StatusSuccess, Comment: r.Comment, Alias: alias}, nil
	case directory.Rejected, directory.Cancelled:
		return emailws.Response{Status: directory.StatusApprovalDenied, Comment: r.Comment, Alias: alias}, nil
	case directory.Failed:
	}
	return emailws.Response{Status: r.FailedAs, Comment: fmt.Sprintf("the directory could not follow: ask its administrator about request %d", r.ID), Alias: alias}, nil
}
