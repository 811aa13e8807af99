package emailws

import "slices"

// kind is the type of a parameter.
type kind int

const (
	str kind = iota
	number
	truth
	guid
	contactFlags
	groupFlags
	info
	names
)

// parameter is an element that an operation, or RequestInfo, may have once.
type parameter struct {
	name string
	kind kind
}

// operation is what the service description says of one, and how its Call is made.
type operation struct {
	name       Operation
	parameters []parameter // in the order of the description; any is taken
	bare       bool        // it is answered with a status alone
	call       func(values) Call
}

// operations are in the order of SharePoint's own description.
var operations = []operation{
	{
		name: OpCreateContact, bare: true,
		parameters: []parameter{{"Alias", str}, {"FirstName", str}, {"LastName", str}, {"ForwardingEmail", str}, {"Flags", contactFlags}},
		call: func(v values) Call {
			return CreateContact{v["Alias"].text, v["FirstName"].text, v["LastName"].text, v["ForwardingEmail"].text, v["Flags"].truth}
		},
	},
	{
		name: OpDeleteContact, bare: true,
		parameters: []parameter{{"Alias", str}},
		call:       func(v values) Call { return DeleteContact{v["Alias"].text} },
	},
	{
		name: OpModifyContact, bare: true,
		parameters: []parameter{
			{"OldAlias", str},
			{"NewAlias", str},
			{"FirstName", str},
			{"LastName", str},
			{"ForwardingEmail", str},
			{"Flags", contactFlags},
		},
		call: func(v values) Call {
			return ModifyContact{
				v["OldAlias"].text, v["NewAlias"].text,
				v["FirstName"].text, v["LastName"].text, v["ForwardingEmail"].text, v["Flags"].truth,
			}
		},
	},
	{
		name: OpCreateDistributionGroup, parameters: groupParameters,
		call: func(v values) Call {
			return CreateDistributionGroup{v["Alias"].text, v["Name"].text, v["Description"].text, v["ContactCN"].text, v["Info"].info, v["Flags"].truth}
		},
	},
	{
		name:       OpDeleteDistributionGroup,
		parameters: []parameter{{"Alias", str}, {"Info", info}},
		call:       func(v values) Call { return DeleteDistributionGroup{v["Alias"].text, v["Info"].info} },
	},
	{
		name:       OpRenameDistributionGroup,
		parameters: []parameter{{"OldAlias", str}, {"NewAlias", str}, {"Info", info}},
		call: func(v values) Call {
			return RenameDistributionGroup{v["OldAlias"].text, v["NewAlias"].text, v["Info"].info}
		},
	},
	{
		name: OpModifyDistributionGroup, parameters: groupParameters,
		call: func(v values) Call {
			return ModifyDistributionGroup{v["Alias"].text, v["Name"].text, v["Description"].text, v["ContactCN"].text, v["Info"].info, v["Flags"].truth}
		},
	},
	{
		name:       OpGetJobStatus,
		parameters: []parameter{{"JobId", number}},
		call:       func(v values) Call { return GetJobStatus{v["JobId"].number} },
	},
	{
		name: OpChangeUsers, bare: true,
		parameters: []parameter{{"Alias", str}, {"AddNt4NameList", names}, {"DeleteNt4NameList", names}, {"DeleteAllCurrentMembers", truth}},
		call: func(v values) Call {
			return ChangeUsers{v["Alias"].text, v["AddNt4NameList"].names, v["DeleteNt4NameList"].names, v["DeleteAllCurrentMembers"].truth}
		},
	},
	{
		name: OpChangeContacts, bare: true,
		parameters: []parameter{{"Alias", str}, {"AddListForContacts", names}, {"DeleteListForContacts", names}, {"DeleteAllCurrentMembers", truth}},
		call: func(v values) Call {
			return ChangeContacts{v["Alias"].text, v["AddListForContacts"].names, v["DeleteListForContacts"].names, v["DeleteAllCurrentMembers"].truth}
		},
	},
}

var groupParameters = []parameter{
	{"Alias", str}, {"Name", str}, {"Description", str}, {"ContactCN", str}, {"Info", info}, {"Flags", groupFlags},
}

var infoParameters = []parameter{{"RequestorEmail", str}, {"Justification", str}, {"RequestId", guid}}

// The names that both kinds of flags have.
const (
	flagNone        = "None"
	flagRequireAuth = "OnlyAllowAuthenticatedEmail"
)

// values are the parameters of a request by their names.
type values map[string]value

// value is that of a parameter, in the field of its kind; flags are a truth.
type value struct {
	text   string
	number int32
	truth  bool
	info   Info
	names  []string
}

// operationNamed returns the operation of a name; ok is false where there is none.
func operationNamed(name string) (op operation, ok bool) {
	i := slices.IndexFunc(operations, func(o operation) bool { return string(o.name) == name })
	if i < 0 {
		return operation{}, false
	}
	return operations[i], true
}
