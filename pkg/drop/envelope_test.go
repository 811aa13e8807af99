package drop_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

// envelope is an Envelope in a form that rows can hold.
type envelope struct {
	sender, recipients, auth string
	message                  string // what stands below the zone, as far as its first line
}

func TestReadEnvelope(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, format, file string
		want               envelope
	}{
		{
			"eml", "eml", "X-Sender: a@b.test\nX-Receiver: c@d.test\nSubject: x\n\nbody\n",
			envelope{"a@b.test", "c@d.test", "", "Subject: x"},
		},
		{
			"CRLF, and LF among it", "eml", "X-Sender: a@b.test\r\nX-Receiver: c@d.test\nX-Receiver: e@d.test\r\nSubject: x\r\n",
			envelope{"a@b.test", "c@d.test e@d.test", "", "Subject: x"},
		},
		{
			"odd case, no blank, brackets, parameters", "iis",
			"x-SENDER:<a@b.test> BODY=8BITMIME\nX-ReCeIvEr:\t<c@d.test> ORCPT=rfc822;c@d.test NOTIFY=NEVER; X-ExtendedProps=BQ==\nReceived: x\n",
			envelope{"a@b.test", "c@d.test", "", "Received: x"},
		},
		{
			"folded", "drop-write",
			"X-Sender:\n <a@b.test>\nX-Receiver: <c@d.test>\r\n\tNOTIFY=NEVER\r\n ; X-P=1\nX-EndOfInjectedXHeaders: x\nSubject: x\n",
			envelope{"a@b.test", "c@d.test", "", "Subject: x"},
		},
		{
			"duplicates merge, the first spelling stays", "eml",
			"X-Sender: a@b.test\nX-Receiver: C@d.test\nX-Receiver: e@d.test\nX-Receiver: \"c\"@D.TEST.\n\nbody",
			envelope{"a@b.test", "C@d.test e@d.test", "", ""},
		},
		{
			"null sender", "drop-write", "X-Sender: <>\nX-Receiver: <c@d.test>\nX-EndOfInjectedXHeaders: x\n",
			envelope{"", "c@d.test", "", ""},
		},
		{
			"null sender of IIS", "iis", "x-sender: \nx-receiver: c@d.test\nReceived: x\n",
			envelope{"", "c@d.test", "", "Received: x"},
		},
		{
			"receivers below the block are the client's", "eml",
			"X-Sender: a@b.test\nX-Receiver: c@d.test\nFrom: x\nX-Receiver: forged@d.test\n",
			envelope{"a@b.test", "c@d.test", "", "From: x"},
		},
		{
			"a blank before the colon is another name", "eml",
			"X-Sender: a@b.test\nX-Receiver: c@d.test\nX-Receiver : forged@d.test\n",
			envelope{"a@b.test", "c@d.test", "", "X-Receiver : forged@d.test"},
		},
		{
			"login", "drop-write",
			"X-Sender: <a@b.test>\nX-Receiver: <c@d.test>\nX-Drop-Auth: a@b.test\nX-EndOfInjectedXHeaders: x\nX-Drop-Auth: ceo\n",
			envelope{"a@b.test", "c@d.test", "a@b.test", "X-Drop-Auth: ceo"},
		},
		{
			"the block's end is one line", "drop-write",
			"X-Sender: <a@b.test>\nX-Receiver: <c@d.test>\nX-EndOfInjectedXHeaders: x\n folded\n",
			envelope{"a@b.test", "c@d.test", "", " folded"},
		},
		{
			"postfix", "postfix",
			"Return-Path: <a@b.test>\nX-Original-To: \"c d\"@d.test\nDelivered-To: catchall@d.test\nX-Drop-Auth: a\nReceived: x\nX-Original-To: forged@d.test\n",
			envelope{"a@b.test", `"c d"@d.test`, "a", "Received: x"},
		},
		{
			"lines of a milter", "postfix",
			"Return-Path: <>\nX-Original-To: c@d.test\nDelivered-To: c@d.test\nAuthentication-Results: x;\n\tX-Original-To: y\nX-Original-To : z\nReceived: x\n",
			envelope{"", "c@d.test", "", "Received: x"},
		},
		{
			"exim, a list with folds, quoted commas and a duplicate", "exim",
			"Return-path: <>\r\nEnvelope-to: \"a, \\\"b\"@d.test,\r\n C@d.test,c@d.test ,\te@d.test\r\nDelivery-date: x\r\nX-Drop-Auth: a\r\nReceived: x\r\n",
			envelope{"", `"a, \"b"@d.test C@d.test e@d.test`, "a", "Received: x"},
		},
		{
			"exim, one file for all", "exim-files", "Return-path: <a@b.test>\nEnvelope-to: c@d.test,\n e@d.test\nReceived: x\nEnvelope-to: forged@d.test\n",
			envelope{"a@b.test", "c@d.test e@d.test", "", "Received: x"},
		},
		{
			"opensmtpd", "opensmtpd", "Return-Path: <a@b.test>\nDelivered-To: c@d.test\nReceived: x\n",
			envelope{"a@b.test", "c@d.test", "", "Received: x"},
		},
		{
			"opensmtpd, null sender", "opensmtpd", "Delivered-To: c@d.test\nReceived: x\nReturn-Path: <forged@d.test>\n",
			envelope{"", "c@d.test", "", "Received: x"},
		},
		{
			"dovecot", "dovecot", "Return-Path: <>\nDelivered-To: \"x> SIZE=1\"@d.test\nReceived: x\n",
			envelope{"", `"x> SIZE=1"@d.test`, "", "Received: x"},
		},
		{
			"exchange", "exchange",
			"X-sender: <a@b.test> BODY=7bit\r\nX-Receiver: <c@d.test>\r\n ORCPT=rfc822;c@d.test NOTIFY=NEVER;\r\n X-ExtendedProps=BQ==\r\nX-CreatedBy: MSExchange15\r\nX-EndOfInjectedXHeaders: 820\r\nReceived: x\r\n",
			envelope{"a@b.test", "c@d.test", "", "Received: x"},
		},
		{
			"names before addresses", "pickup",
			"X-Sender: \"A <x@y> \\\"B\" <a@b.test>\r\nX-Receiver: =?utf-8?B?w6k=?= K. <c@d.test>\r\nX-Receiver: \"Lib\"\r\n <\"e<f\"@d.test>\r\nX-Receiver: g@d.test\r\nMIME-Version: 1.0\r\n",
			envelope{"a@b.test", `c@d.test "e<f"@d.test g@d.test`, "", "MIME-Version: 1.0"},
		},
		{
			"custom, as it is by default", "custom", "X-Spam: no\nDelivered-To: c@d.test\nReturn-Path: <a@b.test>\nReceived: x\n",
			envelope{"a@b.test", "c@d.test", "", "Received: x"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			env, err := drop.ReadEnvelope(strings.NewReader(row.file), int64(len(row.file)), format(t, row.format))
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(row.file[env.Zone:], "\n")
			got := envelope{plain(env.Sender), list(env.Recipients), env.Auth, strings.TrimSuffix(first, "\r")}
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(envelope{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func plain(a address.Address) string {
	if a.IsNull() {
		return ""
	}
	return a.String()
}

func list(addresses []address.Address) string {
	var all []string
	for _, a := range addresses {
		all = append(all, plain(a))
	}
	return strings.Join(all, " ")
}

func TestReadEnvelopeHolds(t *testing.T) {
	t.Parallel()
	const block = "X-Sender: a@b.test\nX-Receiver: c@d.test\n"
	const maildir = "Return-Path: <a@b.test>\nX-Original-To: c@d.test\nDelivered-To: c@d.test\n"
	for _, row := range []struct{ name, format, file, want string }{
		{"empty", "postfix", "", "the file is empty"},
		{"binary", "postfix", "\x7fELF\x00\x01:\n", "line 1: it is no header line"},
		{"no header line", "iis", block + "hello\n", "line 3: it is no header line"},
		{"empty line", "iis", block + "\nReceived: x\n", "line 3: it is no header line"},
		{"mbox line", "postfix", "From a@b.test Mon Nov 23 09:00:00 2026\n" + maildir, "line 1: it is no header line"},
		{"begins folded", "eml", " X-Sender: a@b.test\n" + block, "without x-sender"},
		{"nothing of the MTA's", "eml", "Subject: x\n\n", "line 1: the envelope ends here without x-sender"},
		{"ends in the block", "eml", block, "line 3: the file ends"},
		{"ends in a line", "eml", "X-Sender: a@b.test\nX-Receiver: c@d.test", "line 2: the file ends"},
		{"not followed by Received", "iis", block + "Subject: x\n", "line 3: subject where received should end"},
		{"no end of the block", "drop-write", block + "Subject: x\nX-EndOfInjectedXHeaders: x\n", "line 3: subject where"},
		{"end below Received", "drop-write", "Received: x\n" + block + "X-EndOfInjectedXHeaders: x\n", "line 1: received where"},
		{"no Received", "postfix", maildir + "Subject: x\n\nbody\n", "line 5: it is no header line"},
		{"no recipient", "eml", "X-Sender: a@b.test\nSubject: x\n", "line 2: the envelope ends here without x-receiver"},
		{"no sender", "postfix", "X-Original-To: c@d.test\nDelivered-To: c@d.test\nReceived: x\n", "line 3: the envelope ends here without return-path"},
		{"no Delivered-To", "postfix", "Return-Path: <>\nX-Original-To: c@d.test\nReceived: x\n", "without delivered-to"},
		{"second sender", "eml", block + "x-sender: a@b.test\n", "line 3: a second x-sender"},
		{"second recipient", "postfix", maildir + "x-original-to: c@d.test\nReceived: x\n", "line 4: a second x-original-to"},
		{"second Delivered-To", "postfix", maildir + "DELIVERED-TO: x\nReceived: x\n", "line 4: a second delivered-to"},
		{"second login", "postfix", maildir + "X-Drop-Auth: a\nX-Drop-Auth: b\nReceived: x\n", "line 5: a second x-drop-auth"},
		{"second host", "exchange", block + "X-SourceIPAddress: 192.0.2.1\nx-sourceipaddress: 192.0.2.1\nX-EndOfInjectedXHeaders: 1\n", "line 4: a second x-sourceipaddress"},
		{"ESC in the host", "exchange", block + "X-SourceIPAddress: \x1b\nX-EndOfInjectedXHeaders: 1\n", "line 3: x-sourceipaddress has a control character"},
		{"empty login", "postfix", maildir + "X-Drop-Auth: \nReceived: x\n", "line 4: x-drop-auth has no login"},
		{"empty recipient", "eml", "X-Sender: a@b.test\nX-Receiver:\nSubject: x\n", "line 2: x-receiver has no address"},
		{"null recipient", "eml", "X-Sender: a@b.test\nX-Receiver: <>\nSubject: x\n", "line 2: x-receiver has no address"},
		{"two in one line", "eml", "X-Sender: a@b.test\nX-Receiver: <c@d.test>, <e@d.test>\nSubject: x\n", "line 2: x-receiver"},
		{"two by folding", "eml", "X-Sender: a@b.test\nX-Receiver: c@d.test\n e@d.test\nSubject: x\n", `line 2: x-receiver: "e@d.test" after`},
		{"parameters where none are", "postfix", "Return-Path: <a@b.test> BODY=7BIT\n", `line 1: return-path: "BODY=7BIT" after`},
		{"no domain", "eml", "X-Sender: a@b.test\nX-Receiver: invoices\nSubject: x\n", "has no domain"},
		{"encoded word", "postfix", "X-Original-To: =?utf-8?q?c=40d.test?=\n", "line 1: x-original-to"},
		{"Latin-1", "postfix", "X-Original-To: b\xfccher@d.test\n", "line 1: x-original-to is not UTF-8"},
		{"ESC", "eml", "X-Sender: a@b.test\nX-Receiver: \"a\x1bb\"@d.test\n", "line 2: x-receiver has a control character"},
		{"bare CR", "eml", "X-Sender: a@b.test\nX-Receiver: c@d.test\rX-Receiver: e@d.test\n", "line 2: x-receiver has a control character"},
		{"NUL", "postfix", "X-Original-To: c@d.test\x00\n", "line 1: x-original-to has a control character"},
		{"list with an empty place", "exim", "Return-path: <>\nEnvelope-to: c@d.test,, e@d.test\n", "line 2: envelope-to"},
		{"list that ends in a comma", "exim", "Envelope-to: c@d.test,\n", "line 1: envelope-to"},
		{"list with a group", "exim", "Envelope-to: all: c@d.test;\n", "line 1: envelope-to"},
		{"list with a name", "exim", "Envelope-to: C <c@d.test>\n", "line 1: envelope-to"},
		{"list with an open quote", "exim", "Envelope-to: c@d.test, \"e@d.test, f@d.test\n", "line 1: envelope-to"},
		{"second list", "exim", "Envelope-to: c@d.test\nenvelope-TO: e@d.test\n", "line 2: a second envelope-to"},
		{"list where none is", "dovecot", "Delivered-To: c@d.test, e@d.test\n", "line 1: delivered-to"},
		{"no recipient of Dovecot's", "dovecot", "Return-Path: <>\nReceived: x\nDelivered-To: forged@d.test\n", "without delivered-to"},
		{"no sender of Dovecot's", "dovecot", "Delivered-To: c@d.test\nReceived: x\n", "without return-path"},
		{"empty sender of OpenSMTPD's", "opensmtpd", "Return-Path:\nDelivered-To: c@d.test\nReceived: x\n", "line 1: return-path"},
		{"no end of Exchange's block", "exchange", block + "X-CreatedBy: x\nReceived: x\nX-EndOfInjectedXHeaders: 1\n", "line 4: received where"},
		{"no end at all", "exchange", block + "From: x\n\nX-EndOfInjectedXHeaders: 1\n", "line 4: it is no header line"},
		{"two names", "pickup", "X-Sender: A <a@b.test> <c@d.test>\n", "line 1: x-sender"},
		{"an address as name", "pickup", "X-Sender: a@b.test <c@d.test>\n", "line 1: x-sender"},
		{"a list as name", "pickup", "X-Sender: a, b <c@d.test>\n", "line 1: x-sender"},
		{"a name where none is", "iis", "X-Sender: A <c@d.test>\n", "line 1: x-sender"},
		{"a block of another kind", "postfix", maildir + "X-Receiver: secret@d.test\nReceived: x\n", "line 4: x-receiver has no place"},
		{"a whole header of the client's", "opensmtpd", "Return-Path: <a@b.test>\nDelivered-To: c@d.test\nEnvelope-To: c@d.test\nReceived: x\n", "line 3: envelope-to has no place"},
		{"Exim's line in Exchange's block", "exchange", block + "Envelope-To: c@d.test\nX-EndOfInjectedXHeaders: 1\n", "line 3: envelope-to has no place"},
		{"endless", "postfix", maildir + "X-Long: " + strings.Repeat("x", 2<<20) + "\nReceived: x\n", "the envelope is longer than"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			env, err := drop.ReadEnvelope(strings.NewReader(row.file), int64(len(row.file)), format(t, row.format))
			if err == nil {
				t.Fatalf("got %+v, want an error", env)
			}
			if fault.Of(err) != fault.Permanent || fault.ReasonOf(err) != fault.NoEnvelope {
				t.Errorf("got class %v, reason %q", fault.Of(err), fault.ReasonOf(err))
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %q, want %q in it", err, row.want)
			}
		})
	}
}

func TestReadEnvelopeTakesManyRecipients(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("X-Sender: <a@b.test>\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "X-Receiver: <%060d@drop.test>\n ORCPT=rfc822;%060d@drop.test NOTIFY=NEVER;\n X-ExtendedProps=%s\n", i, i, strings.Repeat("x", 60))
	}
	file.WriteString("X-EndOfInjectedXHeaders: x\nSubject: x\n")
	env, err := drop.ReadEnvelope(strings.NewReader(file.String()), int64(file.Len()), format(t, "drop-write"))
	if err != nil || len(env.Recipients) != 1000 {
		t.Errorf("got %d recipients and %v, want 1000", len(env.Recipients), err)
	}
}

// Only the zone of a format that knows the field names the host.
func TestReadEnvelopeHost(t *testing.T) {
	t.Parallel()
	const block, end = "X-Sender: a@b.test\nX-Receiver: c@d.test\n", "X-EndOfInjectedXHeaders: 1\n"
	const field = "x-sourceipaddress"
	for _, row := range []struct{ name, format, file, host, field string }{
		{"named", "exchange", block + "X-SourceIPAddress: 192.0.2.1\n" + end, "192.0.2.1", field},
		{"other case, folded", "exchange", block + "x-sourceIPaddress:\n 2001:db8::1 \n" + end, "2001:db8::1", field},
		{"empty", "exchange", block + "X-SourceIPAddress:\n" + end, "", field},
		{"absent", "exchange", block + end, "", field},
		{"below the zone", "exchange", block + end + "X-SourceIPAddress: 192.0.2.1\n", "", field},
		{"both", "exchange", block + "X-SourceIPAddress: 192.0.2.1\n" + end + "X-SourceIPAddress: 192.0.2.2\n", "192.0.2.1", field},
		{"another format", "iis", block + "Received: x\nX-SourceIPAddress: 192.0.2.1\n", "", ""},
		{"the zone of another format", "custom", "Return-Path: <>\nDelivered-To: c@d.test\nX-SourceIPAddress: 192.0.2.1\nReceived: x\n", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			env, err := drop.ReadEnvelope(strings.NewReader(row.file), int64(len(row.file)), format(t, row.format))
			if err != nil || env.Host != row.host || env.HostField != row.field {
				t.Errorf("got %q in %q and error %v, want %q in %q", env.Host, env.HostField, err, row.host, row.field)
			}
		})
	}
}

// brokenReader fails as a disk does.
type brokenReader struct{ err error }

func (b brokenReader) ReadAt([]byte, int64) (int, error) { return 0, b.err }

func TestReadErrorsAreTransient(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	_, err := drop.ReadEnvelope(brokenReader{broken}, 100, format(t, "eml"))
	if !errors.Is(err, broken) || fault.Of(err) != fault.Transient {
		t.Errorf("got %v (%v), want a transient %v", err, fault.Of(err), broken)
	}
}
