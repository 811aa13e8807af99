package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// eximMain keeps the server on this machine; what is not for the domain is thrown away.
const eximMain = `primary_hostname = mx.docs.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = %s
disable_ipv6 = true
host_lookup =
rfc1413_query_timeout = 0s
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%%slog
log_selector = +all
keep_environment =
tls_advertise_hosts =
auth_advertise_hosts = *
queue_run_max = 1
`

const (
	eximAway = `away:
  driver = redirect
  domains = ! docs.example.com
  data = :blackhole:
`
	eximLogin = `plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{match{$auth2}{^(alice|bob)\$}}{eq{$auth2}{$auth3}}}}
  server_set_id = $auth2
`
)

func configureExim(t *testing.T, h *mailHost, page map[string]string, port string) []string {
	t.Helper()
	const file = "/etc/exim4/exim4.conf, "
	page = maps.Clone(page)
	if page[file+"main section"] == "" { // what is as on the page of exim
		others := blocks(t, "exim")
		maps.Copy(others, page)
		page = others
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, eximMain, port)
	conf.WriteString(page[file+"main section"])
	for _, section := range []struct{ name, ours string }{
		{"acl", ""}, {"routers", eximAway}, {"transports", ""}, {"retry", "* * F,1h,1m\n"}, {"authenticators", eximLogin},
	} {
		conf.WriteString("begin " + section.name + "\n" + page[file+"begin "+section.name] + section.ours)
	}
	h.write(t, "etc/exim4/exim4.conf", conf.String())
	h.write(t, "etc/exim4/senders", page["/etc/exim4/senders, a line for each login, with its address"])
	exim := h.userID(t, "Debian-exim")
	h.mkdir(t, "var/spool/exim4", exim, exim, 0o750)
	h.mkdir(t, "var/log/exim4", exim, exim, 0o750)
	return []string{"/usr/sbin/exim4", "-bdf", "-q1m"}
}
