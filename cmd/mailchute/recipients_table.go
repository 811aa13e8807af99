package main

import (
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/text"
)

// recipientTable is a form in which a mail system reads its valid recipients. Local
// parts are dot-atoms (address.CheckLocalPart): no table has to quote blanks or colons.
type recipientTable struct {
	name string
	head string // what stands above the addresses
	// line writes an address; value is what Postfix looks up.
	line func(a address.Address, value string) string
	// refuses says why the table cannot hold an address; "" where it can.
	refuses func(a address.Address) string
}

const (
	tableHead = "# Written by mailchute recipients: what is changed here is lost.\n"

	recipientsHelp = `Writes the address of every library that takes mail: each local part at each domain of the
configuration, in lower case. A mail system that has the list refuses mail to any other
address while the sender is still connected; without it such mail is taken and held.

The file of -o is replaced whole, and keeps its mode. Run this again when libraries have
changed, from cron for example. Exit code 5 where the format cannot hold an address: it
is named on standard error, and the others are written. An address with a +detail is one
of its own: do not let the mail system cut details off (no recipient_delimiter).
What else belongs to it: mailchute help formats.

Postfix (--format postfix: "address value"; the value is the feed's maildir below
virtual_mailbox_base where there is a feed of format postfix, else of no meaning). main.cf:
  virtual_mailbox_domains = docs.example.com
  virtual_mailbox_maps = texthash:/etc/postfix/libraries
  smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient
Then "postfix reload" after each change, or hash: in place of texthash: and "postmap".

Exim (--format exim: local parts only), in the router and in acl_smtp_rcpt:
  drop:
    driver = accept
    domains = docs.example.com
    caseful_local_part
    local_parts = lsearch;/etc/exim4/libraries
    transport = drop
  require verify = recipient

OpenSMTPD (--format opensmtpd: addresses; local parts beyond ASCII it does not take), smtpd.conf:
  table libraries file:/etc/mail/libraries
  smtp sub-addr-delim ":"
  match from any for domain "docs.example.com" rcpt-to <libraries> action "drop"
Then "smtpctl update table libraries" after each change.

Others (--format list): one address a line and nothing else.

Distribution groups, where dms.publish is "builtin" (mailchute help directory): the formats …-aliases
have their addresses, and whom their mail goes to. Members without an address, those that the table
cannot hold, and groups without members are left out and named on standard error; exit code 5.
For a library to be a member, the file in the drop folder must name the library and not the group.
Members at docs.example.com that are no libraries need a delivery of yours.

Postfix (--format postfix-aliases), with a feed of format drop-write. main.cf:
  virtual_alias_maps = texthash:/etc/postfix/lists
  virtual_alias_expansion_limit = 10000
  enable_original_recipient = no
Groups of more members than the limit, 1000 where nothing is said, are refused for the time being.
Never set the third line with a feed of format postfix: all mail is held then (no-envelope).
Without it such a feed has the mail of groups for members elsewhere, and for libraries it is held.

Exim (--format exim-aliases), above the router of the libraries:
  lists:
    driver = redirect
    domains = docs.example.com
    data = ${lookup{${lc:$local_part@$domain}}lsearch{/etc/exim4/lists}}
    forbid_file
    forbid_include
    forbid_pipe
In the transport, in place of envelope_to_add, and without another batch_max:
  batch_max = 1
  message_prefix = "Envelope-to: ${quote_local_part:$local_part}@$domain\n"

OpenSMTPD (--format opensmtpd-aliases), below the match of the libraries; members elsewhere need a
match from local, as your own mail does:
  table lists file:/etc/mail/lists
  action "lists" expand-only virtual <lists>
  match from any for domain "docs.example.com" action "lists"
With a feed of format drop-write, and this action of the libraries:
  action "drop" mda "/usr/local/bin/mailchute put --drop /srv/mailchute/drop -f \"$SENDER\" -- \"$RECIPIENT\"" \
    virtual <drop>

Others (--format aliases-list): an address and one of its members a line.`
)

// recipientTables are all that there are.
func recipientTables() []recipientTable {
	return []recipientTable{
		{name: "list", line: wholeAddress, refuses: holdsAll},
		{
			name: "postfix", head: tableHead, refuses: comment,
			// virtual(8) folds the recipient, and not what is in the table.
			line: func(a address.Address, value string) string { return text.FoldFull(a.String()) + " " + value },
		},
		{
			name: "exim", head: tableHead, refuses: holdsAll,
			line: func(a address.Address, _ string) string {
				if isComment(a.Local) {
					return `"` + a.Local + `"`
				}
				return a.Local
			},
		},
		{
			name: "opensmtpd", head: tableHead,
			line: func(a address.Address, _ string) string {
				return address.Address{Local: a.Local, Domain: address.FoldDomain(a.Domain)}.String()
			},
			refuses: func(a address.Address) string {
				if strings.ContainsFunc(a.Local, func(r rune) bool { return r > '~' }) {
					return "OpenSMTPD takes no local part beyond ASCII"
				}
				return comment(a)
			},
		},
	}
}

func wholeAddress(a address.Address, _ string) string { return a.String() }

func holdsAll(address.Address) string { return "" }

// isComment reports whether a line that begins so is a comment in the tables of MTAs.
func isComment(line string) bool { return strings.HasPrefix(line, "#") }

func comment(a address.Address) string {
	if isComment(a.String()) {
		return "a line that begins with # is a comment"
	}
	return ""
}

// tableNamed returns a table by its name.
func tableNamed(name string) (recipientTable, error) {
	all := recipientTables()
	i := slices.IndexFunc(all, func(t recipientTable) bool { return t.name == name })
	if i < 0 {
		return recipientTable{}, usage(fmt.Errorf("--format %q: there are %s", name, enumerate(append(tableNames(), listTableNames()...))))
	}
	return all[i], nil
}

func tableNames() (names []string) {
	for _, t := range recipientTables() {
		names = append(names, t.name)
	}
	return names
}
