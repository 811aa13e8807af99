package directorytest

import (
	"fmt"
	"slices"
	"strings"
)

// Where objects are published, and by whom.
const (
	// ContainerDN is the container for objects that are published. A contact stands in it
	// that somebody made by hand: Manual.
	ContainerDN = "OU=mailchute," + BaseDN
	// WriterDN is an account that may do there what it must, and nothing elsewhere: create,
	// rename and delete contacts and groups in the container, and write the attributes of
	// these that mailchute writes.
	WriterDN = "CN=writer," + people
	// AdminDN is an account that may do everything.
	AdminDN = "CN=Administrator,CN=Users," + BaseDN
	// Manual is the name of a contact in the container, which nothing may ever change. Its
	// address is ManualAddress.
	Manual        = "manual"
	ManualAddress = "manual@corp.example"

	below = "OU=below," + ContainerDN
)

// manual returns the entry of Manual.
func (w World) manual() entry {
	e := contact(cnOf(Manual)+","+ContainerDN, Manual, "displayName", "Made by hand", "mail", ManualAddress, "proxyAddresses", "SMTP:"+ManualAddress)
	if !w.Plain {
		e.attributes = append(e.attributes, "mailNickname", Manual, "targetAddress", "SMTP:by.hand@elsewhere.example")
	}
	return e
}

// attribute is one of those that Exchange adds to the schema of a directory. Syntaxes and
// lengths are Exchange's.
type attribute struct {
	name   string
	syntax syntax
	upper  int // characters; 0: as many as the syntax takes
	on     []string
}

type syntax int

const (
	textSyntax syntax = iota
	booleanSyntax
	numberSyntax
	largeNumberSyntax
)

// The classes of entries that are published.
const (
	contactClass = "contact"
	groupClass   = "group"
)

// exchange returns what Exchange adds.
func exchange() []attribute {
	all, published := []string{"user", contactClass, groupClass}, []string{contactClass, groupClass}
	contacts, groups := []string{contactClass}, []string{groupClass}
	return []attribute{
		{"mailNickname", textSyntax, 64, all},
		{"targetAddress", textSyntax, 1123, []string{"user", contactClass}},
		{"mAPIRecipient", booleanSyntax, 0, contacts},
		{"internetEncoding", numberSyntax, 0, contacts},
		{"reportToOriginator", booleanSyntax, 0, groups},
		{"reportToOwner", booleanSyntax, 0, groups},
		{"oOFReplyToOriginator", booleanSyntax, 0, groups},
		{"msExchHideFromAddressLists", booleanSyntax, 0, published},
		{"msExchRequireAuthToSendTo", booleanSyntax, 0, published},
		{"msExchRecipientDisplayType", numberSyntax, 0, published},
		{"msExchRecipientTypeDetails", largeNumberSyntax, 0, published},
		{"msExchVersion", largeNumberSyntax, 0, published},
		{"extensionAttribute1", textSyntax, 1024, all},
	}
}

// writable returns the attributes of a class that WriterDN may write.
func (w World) writable(class string) []string {
	names := []string{"cn", "displayName", "description", "mail", "proxyAddresses", "info", "adminDescription"}
	if class == contactClass {
		names = append(names, "givenName", "sn")
	} else {
		names = append(names, "member", "sAMAccountName", "managedBy")
	}
	if w.Plain {
		return names
	}
	for _, a := range exchange() {
		if slices.Contains(a.on, class) {
			names = append(names, a.name)
		}
	}
	return names
}

// schemaConf returns what Exchange adds, as slapd.conf(5) has it. The classes are those of
// people.schema.
func (w World) schemaConf() string {
	if w.Plain {
		return ""
	}
	equality := map[syntax]string{
		textSyntax:        "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX Text",
		booleanSyntax:     "EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7",
		numberSyntax:      "EQUALITY integerMatch SYNTAX Number",
		largeNumberSyntax: "EQUALITY integerMatch SYNTAX Number",
	}
	var b strings.Builder
	on := map[string][]string{}
	for i, a := range exchange() {
		length := ""
		if a.upper > 0 {
			length = fmt.Sprintf("{%d}", a.upper)
		}
		fmt.Fprintf(&b, "attributetype ( Doc:3.%d NAME '%s' %s%s SINGLE-VALUE )\n", i+1, a.name, equality[a.syntax], length)
		for _, class := range a.on {
			on[class] = append(on[class], a.name)
		}
	}
	for i, class := range []string{"user", contactClass, groupClass} {
		fmt.Fprintf(&b, "ditcontentrule ( Doc:2.%d NAME '%sOfExchange' MAY ( %s ) )\n", i+1, class, strings.Join(on[class], " $ "))
	}
	return b.String()
}

// schemaLDIF returns what Exchange adds, as entries of Active Directory's schema.
func (w World) schemaLDIF() string {
	if w.Plain {
		return ""
	}
	type kind struct{ attribute, om string } // MS-ADTS §3.1.1.2.2.2
	kinds := map[syntax]kind{
		textSyntax:        {"2.5.5.12", "64"},
		booleanSyntax:     {"2.5.5.8", "1"},
		numberSyntax:      {"2.5.5.9", "2"},
		largeNumberSyntax: {"2.5.5.16", "65"},
	}
	var b strings.Builder
	for i, a := range exchange() {
		e := entry{"CN=" + a.name + ",CN=Schema,CN=Configuration," + BaseDN, []string{
			"objectClass", "attributeSchema", "cn", a.name, "lDAPDisplayName", a.name,
			"attributeID", fmt.Sprintf("1.3.6.1.4.1.32473.7025.3.%d", i+1),
			"attributeSyntax", kinds[a.syntax].attribute, "oMSyntax", kinds[a.syntax].om, "isSingleValued", "TRUE", "searchFlags", "1",
		}}
		if a.upper > 0 {
			e.attributes = append(e.attributes, "rangeLower", "1", "rangeUpper", fmt.Sprint(a.upper))
		}
		fmt.Fprint(&b, e)
	}
	return b.String()
}
