package drop

import (
	"fmt"

	"mailchute/pkg/address"
)

// Trust is what a feed knows of its MTA beyond the format: how the MTA's own Received
// field is recognised, and the lines in which it vouches for the sender. The zero Trust
// believes nobody to be who they say they are.
type Trust struct {
	// ReceivedBy is the host that the first Received field must name after "by"; a file
	// where it does not is held. "": any.
	ReceivedBy string
	// AuthHeader: the login in the format's Auth field is proved.
	AuthHeader bool
	// Token is the secret that stands before the login there, with a blank between them;
	// a file with another Auth field is held. "": there is none.
	Token string
	// LoginDomains are the domains whose addresses the MTA takes as envelope senders only
	// from who has logged in as one that may use them. ASCII case does not count.
	LoginDomains []string
	// AuthservID names the host whose Authentication-Results (RFC 8601) are believed where
	// they say auth=pass smtp.auth=…; ASCII case does not count. "": nobody's. They count
	// above the first Received field, or else, BelowReceived, as the field right below it.
	AuthservID    string
	BelowReceived bool
	// HeaderFirewall: only an Exchange server that removes the X-MS-Exchange-Organization
	// fields of strangers can write to the folder, so X-MS-Exchange-Organization-AuthAs:
	// Internal proves the envelope sender.
	HeaderFirewall bool
}

// Vouches reports whether any line can prove a sender.
func (t Trust) Vouches() bool {
	return t.AuthHeader || len(t.LoginDomains) > 0 || t.AuthservID != "" || t.HeaderFirewall
}

// Proof says whom lines that the feed vouches for prove to be the sender. The zero Proof
// proves nobody.
type Proof struct {
	// Address is the sender's; null where Login is no address.
	Address address.Address
	// Login is the sender's name to the MTA; "" where the envelope sender is proved.
	Login string
	Field string // the field that proves it, in lower case; "": there is none
	Line  int    // where that begins, from 1
	// Doubt says why nobody is proved although lines name logins; "" there is none.
	Doubt string
}

// String says what proves the sender, for people; "" where nothing does.
func (p Proof) String() string {
	switch {
	case p.Field == "":
		return p.Doubt
	case p.Login != "":
		return fmt.Sprintf("login %s in %s, line %d", p.Login, p.Field, p.Line)
	case p.Field == authAs:
		return fmt.Sprintf("%s: Internal, line %d", p.Field, p.Line)
	}
	return fmt.Sprintf("%s, line %d: its domain needs a login", p.Field, p.Line)
}

// The fields that Trust is about.
const (
	authResults = "authentication-results"
	authAs      = "x-ms-exchange-organization-authas"
)

// proofOf returns the proof of a login, which is an address or not.
func proofOf(login, field string, line int) Proof {
	p := Proof{Login: login, Field: field, Line: line}
	if a, err := address.ParseMailbox(login); err == nil {
		p.Address = a
	}
	return p
}
