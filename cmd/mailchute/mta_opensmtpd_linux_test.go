package main

import "testing"

func configureOpenSMTPD(t *testing.T, h *mailHost, page map[string]string, port string) []string {
	t.Helper()
	h.write(t, "etc/smtpd.conf", "listen on 127.0.0.1 port "+port+" hostname mx.docs.example.com\n"+
		page[`/etc/smtpd.conf, below your lines "listen on"`])
	h.write(t, "etc/mailname", "mx.docs.example.com\n")
	queue := h.userID(t, "opensmtpq")
	h.mkdir(t, "var/spool/smtpd", 0, 0, 0o711)
	for _, folder := range []string{"corrupt", "incoming", "purge", "queue", "temporary"} {
		h.mkdir(t, "var/spool/smtpd/"+folder, queue, 0, 0o700)
	}
	h.mkdir(t, "var/spool/smtpd/offline", 0, queue, 0o770)
	h.mkdir(t, "var/lib/opensmtpd/empty", 0, 0, 0o755)
	h.mkdir(t, "var/empty", 0, 0, 0o755)
	return []string{"/usr/sbin/smtpd", "-d"}
}
