package incoming_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/library"
)

// relayed returns so many Received lines.
func relayed(n int) string { return strings.Repeat(received, n) }

// report returns a delivery report with an attachment.
func report(fields string) string {
	return "Subject: Undelivered\r\nMessage-ID: <r@case.test>\r\nContent-Type: multipart/report; boundary=b" + fields + "\r\n\r\n" +
		"--b\r\n\r\nIt could not be delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n--b--\r\n"
}

// zoned returns a drop file of format exchange.
func zoned(lines, to string) string {
	return "X-Sender: <alice@case.test>\r\nX-Receiver: <" + to + ">\r\n" + lines + "X-EndOfInjectedXHeaders: 1\r\n" + received + letter
}

// What farm and library refuse whoever the sender is, as the explanation says before.
func TestGuards(t *testing.T) {
	t.Parallel()
	invoices := mail("alice@case.test", "invoices@case.test")
	open := mail("alice@case.test", "open@case.test")
	null := mail("<>", "open@case.test")
	const replied = "Auto-Submitted: auto-replied (vacation)\r\n"
	for _, row := range []struct {
		name, format, settings, drop, want, detail string
	}{
		{"50 Received lines", "eml", "", invoices + relayed(50) + letter, "filed invoices@case.test", ""},
		{"51 Received lines", "eml", "", invoices + relayed(51) + letter, "held loop invoices@case.test", "51 Received lines, and max_received is 50"},
		{"a lower limit", "eml", "max_received=2", invoices + relayed(3) + letter, "held loop invoices@case.test", "3 Received lines, and max_received is 2"},
		{"no limit", "eml", "max_received=0", invoices + relayed(300) + letter, "filed invoices@case.test", ""},
		{"our own X-Loop", "eml", "", invoices + "X-Loop: INVOICES@Case.Test\r\n" + letter, "held loop invoices@case.test", "X-Loop"},
		{"our own X-Loop in brackets", "eml", "", invoices + "X-Loop: <invoices@case.test>\r\n" + letter, "held loop invoices@case.test", "X-Loop"},
		{"another's X-Loop", "eml", "", invoices + "X-Loop: open@case.test\r\nX-Loop: yes\r\n" + letter, "filed invoices@case.test", ""},
		{"the last X-Loop", "eml", "", invoices + "X-Loop: a@b.test\r\nX-Loop: c d\r\nX-Loop: invoices@case.test\r\n" + letter, "held loop invoices@case.test", "invoices@case.test has sent it on"},
		{
			"X-Loop of one of two", "eml", "", mail("alice@case.test", "invoices@case.test", "open@case.test") + "X-Loop: open@case.test\r\n" + letter,
			"filed invoices@case.test, held loop open@case.test", "open@case.test has sent it on",
		},
		{"automatic answer", "eml", "", open + replied + letter, "held auto-reply open@case.test", "library set open --auto-replies file"},
		{"automatic answer, deleted", "eml", "rejects.auto-reply=delete", open + replied + letter, "deleted auto-reply open@case.test", ""},
		{"automatic answer where they are filed", "eml", "", mail("alice@case.test", "answers@case.test") + replied + letter, "filed answers@case.test", ""},
		{"automatic answer of who may not send", "eml", "", mail("bob@case.test", "invoices@case.test") + replied + letter, "held auto-reply invoices@case.test", ""},
		{"generated, but no answer", "eml", "", open + "Auto-Submitted: auto-generated\r\n" + letter, "filed open@case.test", ""},
		{"report", "eml", "", open + report("; report-type=delivery-status"), "held auto-reply open@case.test", "delivery-status"},
		{"report without its type", "eml", "", open + report(""), "filed open@case.test", ""},
		{"report without its type, of nobody", "eml", "", null + report(""), "held auto-reply open@case.test", "null sender"},
		{"report where they are filed", "eml", "", mail("<>", "answers@case.test") + report("; report-type=delivery-status"), "filed answers@case.test", ""},
		{"mail of nobody", "eml", "", null + letter, "filed open@case.test", ""},
		{"loop to nobody", "eml", "", mail("alice@case.test", "nobody@case.test") + relayed(60) + letter, "held unknown-address nobody@case.test", ""},
		{"loop to a closed farm", "eml", "enabled=false", invoices + relayed(60) + letter, "held farm-closed invoices@case.test", ""},
		{"loop of a blocked sender", "eml", "sender_block=alice@case.test", invoices + relayed(60) + letter, "held sender-blocked invoices@case.test", ""},
		{"safe host", "exchange", "safe_hosts=192.0.2.0/24", zoned("X-SourceIPAddress: 192.0.2.7\r\n", "invoices@case.test"), "filed invoices@case.test", ""},
		{"unsafe host", "exchange", "safe_hosts=192.0.2.0/24", zoned("X-SourceIPAddress: 198.51.100.7\r\n", "invoices@case.test"), "held unsafe-host invoices@case.test", "x-sourceipaddress is 198.51.100.7"},
		{"unsafe host, to nobody", "exchange", "safe_hosts=192.0.2.0/24", zoned("X-SourceIPAddress: 198.51.100.7\r\n", "nobody@case.test"), "held unsafe-host nobody@case.test", ""},
		{"no host", "exchange", "safe_hosts=192.0.2.0/24", zoned("", "invoices@case.test"), "held unsafe-host invoices@case.test", "no x-sourceipaddress"},
		{"no hosts are named", "exchange", "", zoned("", "invoices@case.test"), "filed invoices@case.test", ""},
		{"another format", "eml", "safe_hosts=192.0.2.0/24", invoices + letter, "filed invoices@case.test", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, row.format)
			w.library(library.Library{Name: "invoices", Settings: library.Settings{AutoReplies: library.AutoRepliesHold}})
			w.library(library.Library{Name: "open", Settings: library.Settings{Accept: library.AcceptAnyone, AutoReplies: library.AutoRepliesHold}})
			w.library(library.Library{Name: "answers", Settings: library.Settings{Accept: library.AcceptAnyone}})
			if key, value, ok := strings.Cut(row.settings, "="); ok {
				w.must(w.store.SetSettings(t.Context(), map[string]string{key: value}))
			}
			w.drop("1.eml", row.drop)
			explained := w.explain(filepath.Join(w.dir, "drop", "1.eml"))
			sum := w.drain()
			if diff := cmp.Diff(strings.Split(row.want, ", "), w.verdicts("1.eml")); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			for _, r := range explained.Recipients {
				if r.Reason != "" && !strings.Contains(r.Detail, row.detail) {
					t.Errorf("got detail %q, want %q in it", r.Detail, row.detail)
				}
			}
			w.checkExplained(explained, sum)
			w.drained()
			w.verify()
		})
	}
}

// A list of safe hosts is worth a warning for each feed whose files do not name any.
func TestCheckHosts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		format, hosts string
		warns         bool
	}{
		{"eml", "", false},
		{"eml", "192.0.2.1", true},
		{"postfix", "192.0.2.1", true},
		{"exchange", "192.0.2.1", false},
	} {
		w := newWorld(t, row.format)
		w.must(w.store.SetSettings(t.Context(), map[string]string{"safe_hosts": row.hosts}))
		warned := false
		for _, c := range w.job.Check(t.Context()) {
			warned = warned || c.Warning && strings.Contains(c.Detail, "safe_hosts")
		}
		if warned != row.warns {
			t.Errorf("%s with safe_hosts=%s: got a warning %t, want %t", row.format, row.hosts, warned, row.warns)
		}
	}
}
