package directory

// Attributes are values of a directory's attributes, by the names that the schemas of LDAP,
// Active Directory and Exchange give them. An attribute without values is not in it.
type Attributes map[string][]string

// Mode is what is written of an object.
type Mode string

// The modes.
const (
	// ModePlain: attributes that every Active Directory has.
	ModePlain Mode = "plain"
	// ModeExchange: also those of Exchange's schema, as SharePoint wrote them and Exchange
	// wants to see them.
	ModeExchange Mode = "exchange"
	// ModeHandover: those that Exchange's own commands (Enable-MailContact,
	// Enable-DistributionGroup, Update-Recipient) start from; Exchange does the rest.
	ModeHandover Mode = "exchange-handover"
)

// The attributes that mean more than their values.
const (
	AttrMail           = "mail"
	AttrProxyAddresses = "proxyAddresses"
	AttrManagedBy      = "managedBy" // a Ref's Name
	attrName           = "cn"        // the alias, in the Changes of a rename
)

// Change is what becomes of one attribute.
type Change struct {
	Attribute string   `json:"attribute"`
	Before    []string `json:"before"`
	After     []string `json:"after"` // none: it is removed
}
