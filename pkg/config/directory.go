package config

import (
	"reflect"
	"strings"
	"unicode"

	"mailchute/pkg/directory/ldapdir"
)

type directoryFile struct {
	URL          string   `toml:"url" comment:"\"ldaps://dc1.corp.example\", or \"ldap://dc1.corp.example\" with starttls, or a socket of this\ncomputer like \"ldapi://%2Frun%2Fslapd%2Fldapi\". Empty: there is no directory, only users and\ngroups of the catalog."`
	StartTLS     bool     `toml:"starttls" comment:"For ldap://, which is not used without it."`
	CAFile       string   `toml:"ca_file" comment:"The certificates (PEM) of the authorities that may sign the server's. Empty: the system's.\nThere is no way to leave the check out."`
	Base         string   `toml:"base" comment:"Below which all users and groups are, like \"DC=corp,DC=example\"."`
	BindDN       string   `toml:"bind_dn" comment:"The account that asks, like \"CN=mailchute,OU=Services,DC=corp,DC=example\". It needs to read,\nand nothing else. Empty: nobody in particular; at a socket, mailchute's user."`
	PasswordFile string   `toml:"password_file" comment:"Its password, in the only line of a file that is readable to mailchute's user only."`
	Flavour      string   `toml:"flavour" comment:"\"ad\": Active Directory, also Samba's. \"openldap\": any other that has entryUUID. \"auto\": what\nthe server says of itself."`
	UserFilter   string   `toml:"user_filter" comment:"An LDAP filter that users must fit besides. Contacts, computers and disabled accounts never\nare users."`
	Login        string   `toml:"login_attribute" comment:"Where the login is. Empty: sAMAccountName in Active Directory, else uid or sAMAccountName."`
	Addresses    []string `toml:"address_attributes" comment:"Where mail addresses are; of proxyAddresses, those with smtp: before them."`
	Cache        string   `toml:"cache" comment:"How long an answer is kept. Who is taken out of a group keeps its rights for so long."`
	Timeout      string   `toml:"timeout" comment:"For connecting, and for each question. While the directory does not answer, the mail that\nneeds it waits: nothing is allowed, and nothing denied."`
}

func defaultDirectory() directoryFile {
	return directoryFile{Flavour: ldapdir.Auto, Addresses: ldapdir.DefaultAddresses(), Cache: "60s", Timeout: "10s"}
}

func (r *reader) directory(f directoryFile) Directory {
	const at = "directory."
	check := func(key string, err error) {
		if err != nil {
			r.fail(at+key, "%v", err)
		}
	}
	if f.URL == "" {
		if !reflect.DeepEqual(f, defaultDirectory()) {
			r.fail("directory.url", "this setting is missing or empty; without it the others mean nothing")
		}
		return Directory{}
	}
	check("url", ldapdir.CheckURL(f.URL, f.StartTLS))
	check("base", ldapdir.CheckDN(f.Base))
	check("user_filter", ldapdir.CheckFilter(f.UserFilter))
	if f.Login != "" {
		check("login_attribute", ldapdir.CheckAttribute(f.Login))
	}
	if len(f.Addresses) == 0 {
		r.fail("directory.address_attributes", `name an attribute at least, like "mail"`)
	}
	for i, name := range f.Addresses {
		check(indexed("address_attributes", i), ldapdir.CheckAttribute(name))
	}
	switch {
	case f.BindDN != "" && f.PasswordFile == "":
		r.fail("directory.bind_dn", "it needs password_file")
	case f.BindDN == "" && f.PasswordFile != "":
		r.fail("directory.password_file", "it is the password of bind_dn, which is missing")
	case strings.ContainsFunc(f.BindDN, unicode.IsControl):
		r.fail("directory.bind_dn", "%q has a control character in it", f.BindDN)
	}
	return Directory{
		PasswordFile: f.PasswordFile,
		Asked: ldapdir.Options{
			URL: f.URL, StartTLS: f.StartTLS, CAFile: f.CAFile, Base: f.Base, BindDN: f.BindDN,
			Flavour:    r.oneOf("directory.flavour", f.Flavour, ldapdir.Flavours()...),
			UserFilter: f.UserFilter, Login: f.Login, Addresses: f.Addresses,
			Cache: r.duration("directory.cache", f.Cache), Timeout: r.duration("directory.timeout", f.Timeout),
		},
	}
}
