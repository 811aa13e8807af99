package directory

import (
	"errors"

	"mailchute/pkg/fault"
)

// Status is one of the eleven answers of SharePoint's directory management service
// (RequestStatus of SharepointEmailWS).
type Status int

// The statuses.
const (
	StatusSuccess Status = iota
	StatusPendingApproval
	StatusApprovalDenied
	StatusDuplicateAlias // a distribution group, contact or user has the alias
	StatusInvalidArgument
	StatusServiceNotConfigured
	StatusAccessDenied
	StatusServerUnavailable // the directory cannot be asked: try again later
	StatusObjectNotFound
	StatusInvalidMember
	StatusInternalError
)

// String returns the status as the protocol spells it.
func (s Status) String() string {
	switch s {
	case StatusSuccess:
		return "Success"
	case StatusPendingApproval:
		return "PendingApproval"
	case StatusApprovalDenied:
		return "ApprovalDenied"
	case StatusDuplicateAlias:
		return "DuplicateAlias"
	case StatusInvalidArgument:
		return "InvalidArgument"
	case StatusServiceNotConfigured:
		return "ServiceNotConfigured"
	case StatusAccessDenied:
		return "AccessDenied"
	case StatusServerUnavailable:
		return "ServerUnavailable"
	case StatusObjectNotFound:
		return "ObjectNotFound"
	case StatusInvalidMember:
		return "InvalidMember"
	case StatusInternalError:
	}
	return "InternalError"
}

// StatusOf returns the status that says err; nil is StatusSuccess. An error of no class that
// we know is transient, as everywhere: StatusServerUnavailable. What waits for approval, was
// denied, or is wrong with a member is no error that it could tell.
func StatusOf(err error) Status {
	switch {
	case err == nil:
		return StatusSuccess
	case errors.Is(err, ErrUnsupported):
		return StatusServiceNotConfigured
	case errors.Is(err, ErrAccess), errors.Is(err, ErrNotOwned), errors.Is(err, ErrFourEyes):
		return StatusAccessDenied
	case errors.Is(err, fault.ErrConflict):
		return StatusDuplicateAlias
	case errors.Is(err, fault.ErrInvalid):
		return StatusInvalidArgument
	case errors.Is(err, fault.ErrNotFound):
		return StatusObjectNotFound
	case errors.Is(err, ErrAmbiguous):
		return StatusInvalidMember
	case fault.Of(err) == fault.Permanent, fault.Of(err) == fault.Poison:
		return StatusInternalError
	}
	return StatusServerUnavailable
}
