package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/library"
)

// The keys of the farm policy for distribution groups and contacts.
const (
	groupsAllowed  = "groups_allowed"
	approvePrefix  = "approve_"
	fourEyes       = "four_eyes"
	requestExpire  = "request_expire"
	requestRemind  = "request_remind"
	renameGrace    = "rename_grace"
	aliasKeep      = "alias_keep"
	aliasPrefix    = "alias_prefix"
	displayDomain  = "display_domain"
	requireAuth    = "require_auth"
	hideContacts   = "hide_contacts"
	maxAliasPrefix = 32 // of an alias of 64
)

// directorySettings returns the keys of the policy for distribution groups and contacts.
func directorySettings() []Setting {
	return []Setting{
		{Key: groupsAllowed, Default: "true", Help: "whether groups may have distribution groups at all: true or false; those that there are stay"},
		{Key: approvePrefix + string(directory.RequestCreate), Default: "true", Help: "a new distribution group waits for request approve: true or false; so for the next three"},
		{Key: approvePrefix + string(directory.RequestRename), Default: "true", Help: "another e-mail address of a distribution group waits: true or false"},
		{Key: approvePrefix + string(directory.RequestModify), Default: "false", Help: "another title, description or manager of a distribution group waits: true or false"},
		{Key: approvePrefix + string(directory.RequestDelete), Default: "true", Help: "the end of a distribution group waits: true or false"},
		{Key: fourEyes, Default: "false", Help: "nobody approves their own request: true or false"},
		{Key: requestExpire, Default: "30d", Help: "a request that waits longer than that is cancelled: a time like 30d, or forever"},
		{Key: requestRemind, Default: "7d", Help: "how often a request that waits is said again: a time like 7d, or forever (never again)"},
		{Key: renameGrace, Default: "30d", Help: "how long a distribution group that got another address also keeps the old one: a time like 30d, or 0"},
		{Key: aliasKeep, Default: "0", Help: "how long a local part that was given up stays reserved, so that mail for its old owner reaches no new one: a time like 30d, or 0 (free at once)"},
		{Key: aliasPrefix, Help: "stands before the alias of each contact and distribution group in the directory, like sp-; empty: none. A change renames all of them"},
		{Key: displayDomain, Help: "the domain that addresses in the directory are shown with; empty: the first of the farm's"},
		{Key: requireAuth, Default: "false", Help: "contacts and distribution groups take mail of authenticated senders only, where the mail system of the directory sees to it (Exchange): true or false"},
		{Key: hideContacts, Default: "false", Help: "contacts of libraries are left out of address lists: true or false"},
	}
}

// DirectoryPolicy returns the farm's policy for distribution groups and contacts.
func (s *Store) DirectoryPolicy(ctx context.Context) (p directory.Policy, err error) {
	err = s.view(ctx, "policy of the directory", func(tx Tx) error {
		p, err = directoryPolicy(tx)
		return err
	})
	return p, err
}

func directoryPolicy(tx Tx) (directory.Policy, error) {
	set, err := tx.Settings()
	if err != nil {
		return directory.Policy{}, err
	}
	return directoryPolicyOf(set)
}

// directoryPolicyOf reads the policy of the keys that were set; a value it cannot read is an
// error, never a default.
func directoryPolicyOf(set map[string]string) (p directory.Policy, err error) {
	value := map[string]string{}
	for _, st := range directorySettings() {
		value[st.Key] = st.Default
		if v, ok := set[st.Key]; ok {
			value[st.Key] = v
		}
	}
	p.Approve = map[directory.RequestKind]bool{}
	for _, kind := range []directory.RequestKind{directory.RequestCreate, directory.RequestRename, directory.RequestModify, directory.RequestDelete} {
		if p.Approve[kind], err = flag(value, approvePrefix+string(kind), false); err != nil {
			return p, err
		}
	}
	for key, to := range map[string]*bool{groupsAllowed: &p.Groups, fourEyes: &p.FourEyes, requireAuth: &p.RequireAuth, hideContacts: &p.Hidden} {
		if *to, err = flag(value, key, false); err != nil {
			return p, err
		}
	}
	for key, to := range map[string]*time.Duration{requestExpire: &p.Expire, requestRemind: &p.Remind} {
		if *to, err = timeOrForever(key, value[key]); err != nil {
			return p, err
		}
	}
	for key, to := range map[string]*time.Duration{renameGrace: &p.RenameGrace, aliasKeep: &p.AliasKeep} {
		if *to, err = timeOrZero(key, value[key]); err != nil {
			return p, err
		}
	}
	if p.AliasPrefix, err = aliasPrefixOf(value[aliasPrefix]); err != nil {
		return p, err
	}
	p.Domain, err = displayDomainOf(value[displayDomain])
	return p, err
}

// timeOrForever reads a time; forever is 0.
func timeOrForever(key, v string) (time.Duration, error) {
	if v == "forever" {
		return 0, nil
	}
	d, err := library.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s=%q: use a time above zero like 30d, or forever", key, v)
	}
	return d, nil
}

func timeOrZero(key, v string) (time.Duration, error) {
	if v == "0" {
		return 0, nil
	}
	d, err := library.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s=%q: use a time like 30d, or 0", key, v)
	}
	return d, nil
}

func aliasPrefixOf(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if len(v) > maxAliasPrefix {
		return "", fmt.Errorf("%s=%q: use %d characters at most", aliasPrefix, v, maxAliasPrefix)
	}
	if v != address.FoldLocal(v) {
		return "", fmt.Errorf("%s=%q: use small letters", aliasPrefix, v)
	}
	if err := directory.CheckAlias(v + "a"); err != nil {
		return "", fmt.Errorf("%s=%q: %w", aliasPrefix, v, err)
	}
	return v, nil
}

func displayDomainOf(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if strings.ContainsAny(v, "@[]") {
		return "", fmt.Errorf("%s=%q: give a domain like example.com", displayDomain, v)
	}
	if _, err := address.ParseMailbox("a@" + v); err != nil {
		return "", fmt.Errorf("%s=%q: give a domain like example.com", displayDomain, v)
	}
	return v, nil
}
