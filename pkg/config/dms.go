package config

import (
	"strings"
	"unicode"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/ldapdir"
)

// DMS is the directory management service: where contacts and distribution groups are
// published, and how.
type DMS struct {
	Publish            string         // PublishBuiltin, PublishLDAP or PublishNone
	Container          string         // of an LDAP directory: the DN of the container for objects of ours; PublishNone keeps it
	BindDN             string         // the account that writes; "": that of Directory
	PasswordFile       string         // path as written; "": that of Directory
	Mode               directory.Mode // what is written of an object
	MarkerAttribute    string         // that says whose an object is
	AccountPrefix      string         // before a group's account name
	MaxDeletes         int            // in one run
	MaxDeleteShare     float64        // share of the known objects, 0 to 1, in one run
	Enforce            bool           // what others changed is set right; else it is only reported
	KeepForeignMembers bool           // members that others added to a group stay
	WritesPerSecond    int
}

// The values of DMS.Publish.
const (
	PublishBuiltin = "builtin" // into the catalog, for the tables of mail systems
	PublishLDAP    = "ldap"    // into the directory of Directory
	PublishNone    = "none"
)

// The values of dms.drift.
const (
	driftEnforce = "enforce"
	driftReport  = "report"
)

type dmsFile struct {
	Publish            string `toml:"publish" comment:"\"builtin\": into the catalog, for the alias tables of your mail system (mailchute recipients).\n\"ldap\": into the directory of [directory], below container. \"none\": nowhere; what was\npublished stays as it is, until mailchute directory purge deletes it."`
	Container          string `toml:"container" comment:"An organisational unit for mailchute's objects and nothing else, like\n\"OU=mailchute,DC=corp,DC=example\". Nothing outside it is ever changed."`
	BindDN             string `toml:"bind_dn" comment:"The account that writes there, with no other rights. Empty: that of [directory]."`
	PasswordFile       string `toml:"password_file" comment:"Its password, as in [directory]."`
	Mode               string `toml:"mode" comment:"\"plain\": attributes that every directory has. \"exchange\": also those of Exchange's schema.\n\"exchange-handover\": what Exchange's own commands start from; your administrators run them."`
	MarkerAttribute    string `toml:"marker_attribute" comment:"Where an object says that mailchute made it. One without the mark is never changed: to take an\nobject over, clear this attribute. Choose before anything is published."`
	AccountPrefix      string `toml:"account_prefix" comment:"Before the account name (sAMAccountName) of a group, which must differ from all others."`
	MaxDeletes         int    `toml:"max_deletes" comment:"A run that would delete more objects than that stops before its first change, and a person\ndecides: mailchute directory apply --max-deletes N."`
	MaxDeleteShare     string `toml:"max_delete_share" comment:"The same, as a share of the objects that are published; three may always go."`
	Drift              string `toml:"drift" comment:"What others change on mailchute's objects: \"enforce\" sets it right, \"report\" only says it."`
	KeepForeignMembers bool   `toml:"keep_foreign_members" comment:"Whether members stay that others add to a distribution group."`
	WritesPerSecond    int    `toml:"writes_per_second" comment:"How fast the directory is written to at most."`
}

func defaultDMS() dmsFile {
	return dmsFile{
		Publish: PublishBuiltin, Mode: string(directory.ModePlain), MarkerAttribute: ldapdir.DefaultMarkerAttribute, AccountPrefix: ldapdir.DefaultAccountPrefix,
		MaxDeletes: 10, MaxDeleteShare: "10%", Drift: driftEnforce, WritesPerSecond: 20,
	}
}

func (r *reader) dms(f dmsFile, people directoryFile) DMS {
	share, err := parseShare(f.MaxDeleteShare)
	if err != nil {
		r.fail("dms.max_delete_share", "%v", err)
	}
	if err := ldapdir.CheckAttribute(f.MarkerAttribute); err != nil {
		r.fail("dms.marker_attribute", "%v", err)
	}
	if err := ldapdir.CheckAccountPrefix(r.text("dms.account_prefix", f.AccountPrefix)); err != nil {
		r.fail("dms.account_prefix", "%v", err)
	}
	d := DMS{
		Publish:   r.oneOf("dms.publish", f.Publish, PublishBuiltin, PublishLDAP, PublishNone),
		Container: f.Container, BindDN: f.BindDN, PasswordFile: f.PasswordFile,
		Mode:            directory.Mode(r.oneOf("dms.mode", f.Mode, string(directory.ModePlain), string(directory.ModeExchange), string(directory.ModeHandover))),
		MarkerAttribute: f.MarkerAttribute, AccountPrefix: f.AccountPrefix,
		MaxDeletes: r.positive("dms.max_deletes", f.MaxDeletes), MaxDeleteShare: share,
		Enforce:            r.oneOf("dms.drift", f.Drift, driftEnforce, driftReport) == driftEnforce,
		KeepForeignMembers: f.KeepForeignMembers,
		WritesPerSecond:    r.positive("dms.writes_per_second", f.WritesPerSecond),
	}
	if d.Publish == PublishBuiltin || d.Publish == PublishNone && d.Container == "" {
		r.onlyForLDAP(f)
		return d
	}
	if people.URL == "" {
		r.fail("dms.publish", "%q is about the directory of [directory], which has no url", f.Publish)
	}
	if err := ldapdir.CheckDN(f.Container); err != nil {
		r.fail("dms.container", "%v", err)
	}
	switch {
	case f.BindDN != "" && f.PasswordFile == "":
		r.fail("dms.bind_dn", "it needs password_file")
	case f.BindDN == "" && f.PasswordFile != "":
		r.fail("dms.password_file", "it is the password of bind_dn, which is missing")
	case strings.ContainsFunc(f.BindDN, unicode.IsControl):
		r.fail("dms.bind_dn", "%q has a control character in it", f.BindDN)
	}
	return d
}

// onlyForLDAP refuses what would be quietly without effect.
func (r *reader) onlyForLDAP(f dmsFile) {
	for _, s := range []struct{ key, value string }{
		{"container", f.Container}, {"bind_dn", f.BindDN}, {"password_file", f.PasswordFile},
	} {
		if s.value != "" {
			r.fail("dms."+s.key, "it means nothing without publish = %q", PublishLDAP)
		}
	}
}
