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

// render writes an envelope as the MTA of the format does.
func render(f drop.Format, env drop.Envelope) string {
	var b strings.Builder
	path := func(a address.Address) string { return "<" + plain(a) + ">" }
	fmt.Fprintf(&b, "%s: %s\n", f.Sender, path(env.Sender))
	for _, a := range env.Recipients {
		fmt.Fprintf(&b, "%s: %s\n", f.Recipient, path(a))
	}
	for _, name := range f.Also {
		fmt.Fprintf(&b, "%s: x\n", name)
	}
	if env.Auth != "" {
		fmt.Fprintf(&b, "%s: %s\n", f.Auth, env.Auth)
	}
	if f.EndInside {
		fmt.Fprintf(&b, "%s: x\n", f.End)
	}
	return b.String()
}

// FuzzReadEnvelope: an envelope that is believed reads the same when it is printed anew,
// and whatever stands below the zone changes nothing.
func FuzzReadEnvelope(f *testing.F) {
	for _, s := range samples(f, sampleFolders...) {
		f.Add(s.format, s.content[:min(len(s.content), 2048)])
	}
	for i := range drop.Formats() {
		f.Add(byte(i), []byte("X-Sender: a@b.test\r\nX-Receiver: <c@d.test>\r\n X=1\r\nX-Receiver: \"c d\"@d.test\r\n\r\n"))
	}
	f.Fuzz(func(t *testing.T, which byte, file []byte) {
		formats := drop.Formats()
		format := format(t, formats[int(which)%len(formats)])
		read := func(s string) (drop.Envelope, error) {
			return drop.ReadEnvelope(strings.NewReader(s), int64(len(s)), format)
		}
		env, err := read(string(file))
		if err != nil {
			if fault.ReasonOf(err) != fault.NoEnvelope {
				t.Fatalf("got %v, want a hold", err)
			}
			return
		}
		if len(env.Recipients) == 0 || env.Zone <= 0 || env.Zone > int64(len(file)) {
			t.Fatalf("got %+v of %d bytes", env, len(file))
		}
		zone := string(file[:env.Zone])
		mark := "Subject: x\n"
		if format.End != "" && !format.EndInside {
			mark = format.End + ": x\n"
		}
		forged := mark + "X-Sender: forged@d.test\nX-Receiver: forged@d.test\nX-Original-To: forged@d.test\nX-Drop-Auth: forged\n"
		got, err := read(zone + forged)
		if diff := cmp.Diff(env, got); err != nil || diff != "" {
			t.Fatalf("lines below the zone count: %v\n%s", err, diff)
		}
		block := render(format, env)
		got, err = read(block + mark)
		env.Zone = int64(len(block))
		if diff := cmp.Diff(env, got); err != nil || diff != "" {
			t.Fatalf("printed and read again: %v\n%s", err, diff)
		}
	})
}
