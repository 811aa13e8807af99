package drop_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

// below is what follows a zone of the format at least.
func below(f drop.Format) string {
	if f.End != "" && !f.EndInside {
		return f.End + ": x\n"
	}
	return "Subject: x\n"
}

func read(s string, f drop.Format) (drop.Envelope, error) {
	return drop.ReadEnvelope(strings.NewReader(s), int64(len(s)), f)
}

func TestPrint(t *testing.T) {
	t.Parallel()
	env := drop.Envelope{
		Sender:     address.Address{Local: "alice", Domain: "sender.test"},
		Recipients: []address.Address{{Local: "a, b", Domain: "drop.test"}, {Local: "c", Domain: "drop.test"}},
	}
	many := map[string]string{
		"exim":       "Return-Path: <alice@sender.test>\nEnvelope-To: \"a, b\"@drop.test,\n c@drop.test\n",
		"exim-files": "Return-Path: <alice@sender.test>\nEnvelope-To: \"a, b\"@drop.test,\n c@drop.test\n",
		"drop-write": "X-Sender: <alice@sender.test>\nX-Receiver: <\"a, b\"@drop.test>\nX-Receiver: <c@drop.test>\nX-EndOfInjectedXHeaders: id\n",
		"iis":        "X-Sender: <alice@sender.test>\nX-Receiver: <\"a, b\"@drop.test>\nX-Receiver: <c@drop.test>\n",
		"exchange":   "X-Sender: <alice@sender.test>\nX-Receiver: <\"a, b\"@drop.test>\nX-Receiver: <c@drop.test>\nX-EndOfInjectedXHeaders: id\n",
		"pickup":     "X-Sender: <alice@sender.test>\nX-Receiver: <\"a, b\"@drop.test>\nX-Receiver: <c@drop.test>\n",
		"eml":        "X-Sender: <alice@sender.test>\nX-Receiver: <\"a, b\"@drop.test>\nX-Receiver: <c@drop.test>\n",
	}
	one := map[string]string{
		"postfix":   "Return-Path: <>\nX-Original-To: c@drop.test\nDelivered-To: c@drop.test\nX-Drop-Auth: alice\n",
		"opensmtpd": "Delivered-To: c@drop.test\nX-Drop-Auth: alice\n",
		"dovecot":   "Return-Path: <>\nDelivered-To: c@drop.test\nX-Drop-Auth: alice\n",
		"custom":    "Return-Path: <>\nDelivered-To: c@drop.test\nX-Drop-Auth: alice\n",
	}
	for _, name := range drop.Formats() {
		f := format(t, name)
		got, err := f.Print(env, "id")
		if want, takesMany := many[name]; takesMany {
			if string(got) != want || err != nil {
				t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
			}
			continue
		}
		if !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: got %v for two recipients, want it invalid", name, err)
		}
		got, err = f.Print(drop.Envelope{Recipients: env.Recipients[1:], Auth: "alice"}, "id")
		if string(got) != one[name] || err != nil {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, one[name])
		}
	}
}

// FuzzPrint: what is printed is read as it was, in every format, whatever stands below.
func FuzzPrint(f *testing.F) {
	for i := range drop.Formats() {
		f.Add(byte(i), "alice@sender.test", "\"a, b\"@drop.test c@drop.test", "alice", "X-Receiver: x@drop.test\n")
		f.Add(byte(i), "", "b\u00fccher@drop.test", "", " folded\n")
		f.Add(byte(i), "\"x>\"@[127.0.0.1]", "a\\b@drop.test", "a b", "\n")
	}
	f.Fuzz(func(t *testing.T, which byte, sender, recipients, auth, under string) {
		names := drop.Formats()
		format := format(t, names[int(which)%len(names)])
		env := drop.Envelope{Source: format.Recipient, Auth: auth}
		if sender != "" {
			a, err := address.ParseMailbox(sender)
			if err != nil {
				return
			}
			env.Sender = a
		}
		for _, r := range strings.Fields(recipients) {
			a, err := address.ParseMailbox(r)
			if err != nil {
				return
			}
			same := func(b address.Address) bool { return a.Key() == b.Key() }
			if !slices.ContainsFunc(env.Recipients, same) {
				env.Recipients = append(env.Recipients, a)
			}
		}
		env.HostField = format.Host
		block, err := format.Print(env, "id")
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Fatalf("got %v, want it invalid", err)
			}
			if len(env.Recipients) == 1 && auth == "" && !strings.Contains(env.Recipients[0].Domain, ",") {
				t.Fatalf("one recipient cannot be written: %v", err)
			}
			return
		}
		got, err := read(string(block)+below(format)+under, format)
		env.Zone = int64(len(block))
		if diff := cmp.Diff(env, got); err != nil || diff != "" {
			t.Fatalf("printed and read again: %v\n%s", err, diff)
		}
	})
}

// FuzzReadEnvelope: an envelope that is believed reads the same when it is printed anew,
// and no line below the zone changes it, nor what is proved in the zone.
func FuzzReadEnvelope(f *testing.F) {
	const forged = "X-Sender: forged@d.test\nX-Receiver: forged@d.test\nX-Original-To: forged@d.test\nX-Drop-Auth: forged\n" +
		"Return-Path: <forged@d.test>\nEnvelope-To: forged@d.test\nAuthentication-Results: mx; auth=pass smtp.auth=forged\n"
	for _, s := range samples(f) {
		f.Add(byte(slices.Index(drop.Formats(), s.format.Name)), s.content[:min(len(s.content), 2048)], []byte(forged))
	}
	for i := range drop.Formats() {
		f.Add(byte(i), []byte("X-Sender: a@b.test\r\nX-Receiver: <c@d.test>\r\n X=1\r\nX-Receiver: \"c d\"@d.test\r\n\r\n"), []byte("\n"))
	}
	f.Fuzz(func(t *testing.T, which byte, file, under []byte) {
		names := drop.Formats()
		format := format(t, names[int(which)%len(names)])
		format.Trust = drop.Trust{AuthHeader: true, LoginDomains: []string{"drop.test"}, AuthservID: "mx"}
		env, err := read(string(file), format)
		traced, _, traceErr := drop.Trace(bytes.NewReader(file), int64(len(file)), format)
		if diff := cmp.Diff(env, traced); diff != "" || (err == nil) != (traceErr == nil) {
			t.Fatalf("traced: got %v, want %v\n%s", traceErr, err, diff)
		}
		if err != nil {
			if fault.ReasonOf(err) != fault.NoEnvelope {
				t.Fatalf("got %v, want a hold", err)
			}
			return
		}
		if len(env.Recipients) == 0 || env.Zone <= 0 || env.Zone > int64(len(file)) {
			t.Fatalf("got %+v of %d bytes", env, len(file))
		}
		mark := "Received: x\n"
		if format.End == "" {
			mark = "Subject: x\nReceived: x\n"
		}
		zone := string(file[:env.Zone])
		want, err := read(zone+mark, format)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(zone+mark+string(under), format)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("lines below the zone count: %v\n%s", err, diff)
		}
		env.Proof, want.Proof = drop.Proof{}, drop.Proof{}
		if diff := cmp.Diff(env, want); diff != "" {
			t.Fatalf("the first lines below the zone count:\n%s", diff)
		}
		format.Trust = drop.Trust{}
		block, err := format.Print(env, "x")
		if err != nil {
			t.Fatal(err)
		}
		got, err = read(string(block)+mark, format)
		env.Zone = int64(len(block))
		if diff := cmp.Diff(env, got); err != nil || diff != "" {
			t.Fatalf("printed and read again: %v\n%s", err, diff)
		}
	})
}
