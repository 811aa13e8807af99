package main

import (
	"strconv"
	"strings"
	"testing"
)

// postfixMain is what Debian's main.cf has, and what keeps the server on this machine.
const postfixMain = `compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = /dev/stdout
myhostname = mx.docs.example.com
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = discard:nothing leaves
notify_classes =
cyrus_sasl_config_path = /etc/postfix/sasl
smtpd_sasl_local_domain =
smtpd_relay_restrictions = reject_unauth_destination
`

// postfixMaster is Debian's master.cf with another port, without chroot and without what
// sends mail.
const postfixMaster = `127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// postfixQueue returns the folders where mail waits.
func postfixQueue() (folders []string) {
	for _, queue := range []string{"maildrop", "incoming", "active", "deferred", "hold", "corrupt"} {
		folders = append(folders, "var/spool/postfix/"+queue)
	}
	return folders
}

func configurePostfix(t *testing.T, h *mailHost, page map[string]string, port string) []string {
	t.Helper()
	numbers := strings.NewReplacer("static:990", "static:"+strconv.Itoa(h.uid))
	h.write(t, "etc/postfix/main.cf", postfixMain+numbers.Replace(page["/etc/postfix/main.cf"]))
	h.write(t, "etc/postfix/master.cf", strings.Replace(postfixMaster, "PORT", port, 1)+page["/etc/postfix/master.cf"])
	h.write(t, "etc/postfix/senders", page["/etc/postfix/senders, a line for each address of the domain that sends, with its login"])
	h.write(t, "etc/postfix/login", page["/etc/postfix/login"])
	h.write(t, "etc/postfix/sasl/smtpd.conf", "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: /etc/sasldb2\n")
	postfix, postdrop := h.userID(t, "postfix"), h.userID(t, "postdrop")
	h.mkdir(t, "var/spool/postfix", 0, 0, 0o755)
	for _, queue := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		h.mkdir(t, "var/spool/postfix/"+queue, postfix, postfix, 0o700)
	}
	h.mkdir(t, "var/spool/postfix/maildrop", postdrop, postdrop, 0o770)
	h.mkdir(t, "var/spool/postfix/public", postfix, postfix, 0o755)
	h.mkdir(t, "var/spool/postfix/pid", 0, 0, 0o755)
	h.mkdir(t, "var/lib/postfix", postfix, postfix, 0o700)
	for _, login := range []string{"alice", "bob"} {
		h.run(t, 0, "/bin/sh", "-c", `printf %s "$1" | saslpasswd2 -p -c -u mx.docs.example.com "$1"`, "sh", login)
	}
	h.give(t, "etc/sasldb2", postfix)
	return []string{"/usr/lib/postfix/sbin/master", "-d"}
}
