// Package emailws is the protocol of SharePoint's Email Web Service
// (SharepointEmailWS.asmx, [MS-SPEMAWS]): what a farm asks of a directory management service,
// and what it is told. It reads and writes SOAP 1.1 and 1.2, document/literal, and does
// nothing else.
package emailws

import "mailchute/pkg/directory"

// Namespace is that of the operations and their parameters. The action of an operation is
// the Namespace and its name.
const Namespace = "http://microsoft.com/webservices/SharePoint/SharepointEmailWS/"

// Path is where farms look for the service; case does not matter in it.
const Path = "/_vti_bin/SharepointEmailWS.asmx"

// Operation is the name of an operation.
type Operation string

// The operations.
const (
	OpCreateContact           Operation = "CreateContact"
	OpDeleteContact           Operation = "DeleteContact"
	OpModifyContact           Operation = "ModifyContact"
	OpCreateDistributionGroup Operation = "CreateDistributionGroup"
	OpDeleteDistributionGroup Operation = "DeleteDistributionGroup"
	OpRenameDistributionGroup Operation = "RenameDistributionGroup"
	OpModifyDistributionGroup Operation = "ModifyDistributionGroup"
	OpGetJobStatus            Operation = "GetJobStatus"
	OpChangeUsers             Operation = "ChangeUsersMembershipInDistributionGroup"
	OpChangeContacts          Operation = "ChangeContactsMembershipInDistributionGroup"
)

// Call is a request: CreateContact, DeleteContact, ModifyContact, CreateDistributionGroup,
// DeleteDistributionGroup, RenameDistributionGroup, ModifyDistributionGroup, GetJobStatus,
// ChangeUsers or ChangeContacts. Text is as it was sent; what was not sent, or was nil, is
// zero.
type Call interface {
	Operation() Operation
}

// CreateContact asks for a contact. It is answered with a status.
type CreateContact struct {
	Alias, FirstName, LastName, ForwardingEmail string
	RequireAuth                                 bool // OnlyAllowAuthenticatedEmail
}

// DeleteContact asks for the end of a contact. It is answered with a status.
type DeleteContact struct {
	Alias string
}

// ModifyContact asks for another alias, name or address of a contact. It is answered with a
// status.
type ModifyContact struct {
	OldAlias, NewAlias, FirstName, LastName, ForwardingEmail string
	RequireAuth                                              bool
}

// CreateDistributionGroup asks for a distribution group. It is answered with a Response.
type CreateDistributionGroup struct {
	Alias, Name, Description string
	ContactCN                string // the manager
	Info                     Info
	RequireAuth              bool
}

// DeleteDistributionGroup asks for the end of a distribution group. It is answered with a
// Response.
type DeleteDistributionGroup struct {
	Alias string
	Info  Info
}

// RenameDistributionGroup asks for another alias of a distribution group. It is answered
// with a Response.
type RenameDistributionGroup struct {
	OldAlias, NewAlias string
	Info               Info
}

// ModifyDistributionGroup asks for other properties of a distribution group: all but its
// alias. It is answered with a Response.
type ModifyDistributionGroup struct {
	Alias, Name, Description string
	ContactCN                string // the manager
	Info                     Info
	RequireAuth              bool
}

// GetJobStatus asks what became of a request that waited for approval. It is answered with
// a Response.
type GetJobStatus struct {
	JobID int32
}

// ChangeUsers asks for other members of a distribution group, by their names in a domain
// (DOMAIN\login). It is answered with a status.
type ChangeUsers struct {
	Alias       string
	Add, Delete []string
	DeleteAll   bool // all members that it has, before any is added
}

// ChangeContacts asks for other members of a distribution group, by the aliases of contacts.
// It is answered with a status.
type ChangeContacts struct {
	Alias       string
	Add, Delete []string
	DeleteAll   bool // all members that it has, before any is added
}

// Info says who asks for something, and why.
type Info struct {
	RequestorEmail string
	Justification  string
	RequestID      string // a GUID; SharePoint's documents reserve it
}

// Operation implements Call.
func (CreateContact) Operation() Operation { return OpCreateContact }

// Operation implements Call.
func (DeleteContact) Operation() Operation { return OpDeleteContact }

// Operation implements Call.
func (ModifyContact) Operation() Operation { return OpModifyContact }

// Operation implements Call.
func (CreateDistributionGroup) Operation() Operation { return OpCreateDistributionGroup }

// Operation implements Call.
func (DeleteDistributionGroup) Operation() Operation { return OpDeleteDistributionGroup }

// Operation implements Call.
func (RenameDistributionGroup) Operation() Operation { return OpRenameDistributionGroup }

// Operation implements Call.
func (ModifyDistributionGroup) Operation() Operation { return OpModifyDistributionGroup }

// Operation implements Call.
func (GetJobStatus) Operation() Operation { return OpGetJobStatus }

// Operation implements Call.
func (ChangeUsers) Operation() Operation { return OpChangeUsers }

// Operation implements Call.
func (ChangeContacts) Operation() Operation { return OpChangeContacts }

// Response is what a farm is told. Contacts and members are answered with the Status alone.
type Response struct {
	// JobID is what GetJobStatus asks for later: of a Status of PendingApproval only, else 0.
	// SharePoint's documents call it null then, but its type has no null.
	JobID   int32
	Comment string // for people
	Status  directory.Status
	Alias   string // of the contact or group that it is about
}
