package drop_test

import (
	"bytes"
	"strings"
	"testing"

	"mailchute/pkg/address"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

// The zones of the tests; ceo is whom the client would like to be.
const (
	zonePostfix = "Return-Path: <alice@Drop.Test>\nX-Original-To: c@drop.test\nDelivered-To: c@drop.test\n"
	zoneNull    = "Return-Path: <>\nX-Original-To: c@drop.test\nDelivered-To: c@drop.test\n"
	byMX        = "Received: from c (c [192.0.2.1])\n\t(Authenticated sender: x) by mx.drop.test (Postfix)\n\twith ESMTP id 1\n"
	results     = "Authentication-Results: MX.drop.test;\n\tauth=pass (plain) smtp.auth=alice@drop.test smtp.mailfrom=ceo@drop.test\n"
	internal    = "X-MS-Exchange-Organization-AuthAs: Internal\n"
	forgeries   = "X-Drop-Auth: ceo@drop.test\nAuthentication-Results: mx.drop.test; auth=pass smtp.auth=ceo@drop.test\nFrom: ceo@drop.test\n\nbody\n"
	token       = "0123456789abcdef"
)

func TestProof(t *testing.T) {
	t.Parallel()
	authHeader := drop.Trust{AuthHeader: true}
	withToken := drop.Trust{AuthHeader: true, Token: token}
	domains := drop.Trust{LoginDomains: []string{"other.test", "dROP.test"}}
	above := drop.Trust{AuthservID: "mx.drop.test"}
	right := drop.Trust{AuthservID: "mx.drop.test", BelowReceived: true}
	firewall := drop.Trust{HeaderFirewall: true}
	for _, row := range []struct {
		name  string
		trust drop.Trust
		file  string
		want  string // the address or login that is proved, and the line that does; "doubt": nobody, for a reason
	}{
		{"nobody vouches", drop.Trust{}, zonePostfix + "X-Drop-Auth: alice@drop.test\n" + byMX + results + internal, ""},

		{"login", authHeader, zonePostfix + "X-Drop-Auth: bob@drop.test\n" + byMX, "bob@drop.test x-drop-auth 4"},
		{"login that is no address", authHeader, zonePostfix + "X-Drop-Auth: bob\n" + byMX, "bob x-drop-auth 4"},
		{"login below the zone", authHeader, zonePostfix + byMX + forgeries, ""},
		{"login with the token", withToken, zonePostfix + "X-Drop-Auth: " + token + " bob\n" + byMX, "bob x-drop-auth 4"},
		{"no login, with a token", withToken, zonePostfix + byMX + forgeries, ""},

		{"domain with logins", domains, zonePostfix + byMX + forgeries, "alice@Drop.Test return-path 1"},
		{"domain without", domains, strings.Replace(zonePostfix, "Drop.Test", "sub.drop.test", 1) + byMX, ""},
		{"look-alike of the domain", domains, strings.Replace(zonePostfix, "Drop.Test", "\uff24rop.test", 1) + byMX, ""},
		{"null sender", domains, zoneNull + byMX, ""},
		{"a source route", domains, strings.Replace(zonePostfix, "<alice@", "<@evil.test:alice@", 1) + byMX, ""},
		{"a login above a From that has lost its Received", authHeader, zonePostfix + "X-Drop-Auth: bob@drop.test\nFrom: x\n" + byMX, "doubt"},
		{
			"a login says more than the domain",
			drop.Trust{AuthHeader: true, LoginDomains: domains.LoginDomains},
			zonePostfix + "X-Drop-Auth: bob@drop.test\n" + byMX, "bob@drop.test x-drop-auth 4",
		},

		{"results above", above, zonePostfix + results + byMX + forgeries, "alice@drop.test authentication-results 4"},
		{"results below, not above", above, zonePostfix + byMX + results, ""},
		{"results right below", right, zonePostfix + byMX + results + forgeries, "alice@drop.test authentication-results 7"},
		{"results further below", right, zonePostfix + byMX + "X: y\n" + results, ""},
		{"results above, not right below", right, zonePostfix + results + byMX + "X: y\n", ""},
		{"two hosts' results", above, zonePostfix + "Authentication-Results: other.test; auth=pass smtp.auth=ceo\n" + results + byMX, "alice@drop.test authentication-results 5"},
		{"results twice, of one login", above, zonePostfix + results + results + byMX, "alice@drop.test authentication-results 4"},
		{"results of a login that is quoted", above, zonePostfix + "Authentication-Results: mx.drop.test 1; auth=pass smtp.auth=\"al ice\"\n" + byMX, "al ice authentication-results 4"},
		{"results of other methods", above, zonePostfix + "Authentication-Results: mx.drop.test; spf=pass smtp.mailfrom=ceo@drop.test; dkim=pass header.d=drop.test\n" + byMX, ""},
		{"failed login", above, zonePostfix + "Authentication-Results: mx.drop.test; auth=fail smtp.auth=ceo@drop.test\n" + byMX, ""},
		{"none", above, zonePostfix + "Authentication-Results: mx.drop.test; none\n" + byMX, ""},
		{"no login named", above, zonePostfix + "Authentication-Results: mx.drop.test; auth=pass smtp.mailfrom=ceo@drop.test\n" + byMX, ""},
		{"two results of auth", above, zonePostfix + "Authentication-Results: mx.drop.test; auth=pass smtp.auth=alice; auth=pass smtp.auth=ceo\n" + byMX, ""},
		{"two logins", above, zonePostfix + "Authentication-Results: mx.drop.test; auth=pass smtp.auth=alice smtp.auth=ceo\n" + byMX, ""},
		{"a login in a comment", above, zonePostfix + "Authentication-Results: mx.drop.test; spf=pass (x; auth=pass smtp.auth=ceo (\\)) y)\n" + byMX, ""},
		{"a login in a quoted sender", above, zonePostfix + "Authentication-Results: mx.drop.test; spf=pass smtp.mailfrom=\"; auth=pass smtp.auth=ceo;\"@x.test\n" + byMX, ""},
		{"a login in what a comment quotes of the sender", above, zonePostfix + "Authentication-Results: mx.drop.test; spf=pass (x: domain of \"x) smtp.mailfrom=x; auth=pass smtp.auth=ceo@drop.test (y\"@evil.test designates z) smtp.mailfrom=\"x) smtp.mailfrom=x; auth=pass smtp.auth=ceo@drop.test (y\"@evil.test\n" + byMX, ""},
		{"a login that is not the first result", above, zonePostfix + "Authentication-Results: mx.drop.test; spf=pass smtp.mailfrom=a@x.test; auth=pass smtp.auth=ceo\n" + byMX, ""},
		{"an open quote", above, zonePostfix + "Authentication-Results: mx.drop.test; auth=pass smtp.auth=ceo smtp.mailfrom=\"x\n" + byMX, ""},
		{"an open comment", above, zonePostfix + "Authentication-Results: mx.drop.test; auth=pass smtp.auth=ceo (x\n" + byMX, ""},
		{"the host in a comment", above, zonePostfix + "Authentication-Results: (mx.drop.test) other.test; auth=pass smtp.auth=ceo\n" + byMX, ""},
		{"the host with more behind it", above, zonePostfix + "Authentication-Results: mx.drop.test.evil.test; auth=pass smtp.auth=ceo\n" + byMX, ""},

		{"Exchange", firewall, zonePostfix + byMX + "X: y\n" + internal + forgeries, "alice@Drop.Test x-ms-exchange-organization-authas 8"},
		{"anonymous to Exchange", firewall, zonePostfix + byMX + "X-MS-Exchange-Organization-AuthAs: Anonymous\n\n", ""},
		{"Exchange twice", firewall, zonePostfix + byMX + internal + "X-MS-Exchange-Organization-AuthAs: Anonymous\n\n", ""},
		{"Exchange twice the same", firewall, zonePostfix + byMX + internal + internal + "\n", ""},
		{"Exchange in the body", firewall, zonePostfix + byMX + "\n" + internal, ""},
		{"Exchange, null sender", firewall, zoneNull + byMX + internal, ""},
		{"endless header", firewall, zonePostfix + byMX + internal + strings.Repeat("X: y\n", 1<<18), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := format(t, "postfix")
			f.Trust = row.trust
			env, err := read(row.file, f)
			if err != nil {
				t.Fatal(err)
			}
			if row.want == "doubt" {
				if env.Proof.Field != "" || env.Proof.Doubt == "" {
					t.Errorf("got %+v, want a doubt", env.Proof)
				}
				return
			}
			if got := proved(env.Proof); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if (env.Proof.String() == "") != (row.want == "") {
				t.Errorf("got the proof %q in words", env.Proof)
			}
		})
	}
}

// Where no Received field shows where the MTA's own lines end, nothing stands above it.
func TestResultsWithoutReceived(t *testing.T) {
	t.Parallel()
	for received, want := range map[string]string{"": "", byMX: "ceo@drop.test authentication-results 4"} {
		f := format(t, "drop-write")
		f.Trust = drop.Trust{AuthservID: "mx.drop.test"}
		env, err := read("X-Sender: <a@x.test>\nX-Receiver: <in@drop.test>\nX-EndOfInjectedXHeaders: 1\n"+
			"Authentication-Results: mx.drop.test; auth=pass smtp.auth=ceo@drop.test\n"+received+"From: a@x.test\n\nbody\n", f)
		ok(t, err)
		if got := proved(env.Proof); got != want {
			t.Errorf("with Received %q: got %q, want %q", received, got, want)
		}
	}
}

func proved(p drop.Proof) string {
	if p.Field == "" {
		return ""
	}
	who := p.Login
	if who == "" {
		who = p.Address.String()
	}
	return who + " " + p.Field + " " + string(rune('0'+p.Line))
}

func TestLoginsThatDiffer(t *testing.T) {
	t.Parallel()
	f := format(t, "postfix")
	f.Trust = drop.Trust{AuthHeader: true, AuthservID: "mx.drop.test", LoginDomains: []string{"drop.test"}}
	env, err := read(zonePostfix+"X-Drop-Auth: bob@drop.test\n"+results+byMX, f)
	ok(t, err)
	if env.Proof.Field != "" || !strings.Contains(env.Proof.Doubt, "x-drop-auth (line 4) and authentication-results (line 5)") {
		t.Errorf("got %+v, want a doubt and nobody", env.Proof)
	}
	env, err = read(zonePostfix+"X-Drop-Auth: ALICE@drop.test\n"+results+byMX, f)
	ok(t, err)
	if env.Proof.Field != "x-drop-auth" || env.Proof.Doubt != "" {
		t.Errorf("got %+v, want the login that both name", env.Proof)
	}
}

func TestTrustHolds(t *testing.T) {
	t.Parallel()
	by := drop.Trust{ReceivedBy: "MX.drop.test"}
	withToken := drop.Trust{AuthHeader: true, Token: token}
	for _, row := range []struct {
		name, format string
		trust        drop.Trust
		file         string
		want         string // in the error; "": it is not held
	}{
		{"received by our host", "postfix", by, zonePostfix + byMX, ""},
		{"with a dot at its end", "postfix", by, zonePostfix + "Received: by mx.drop.test. with local; x\n", ""},
		{"without a client", "postfix", by, zonePostfix + "Received: by mx.drop.test (Postfix, from userid 0)\n", ""},
		{"a recipient that looks like a clause", "postfix", by, zonePostfix + "Received: from c by mx.drop.test for <\"x) by evil\"@drop.test>; x\n", ""},
		{"an open quote behind the host", "postfix", by, zonePostfix + "Received: from c by mx.drop.test for <\"x@drop.test>; x\n", ""},
		{"below the block of drop-write", "drop-write", by, "X-Sender: <>\nX-Receiver: c@drop.test\nX-EndOfInjectedXHeaders: 1\nDelivered-To: c\n" + byMX, ""},
		{"received by another", "postfix", by, zonePostfix + "Received: from mx.drop.test by forged; x\n", "line 4: the first received says by forged, not by MX.drop.test"},
		{"only the second is ours", "postfix", by, zonePostfix + "Received: from a by b; x\n" + byMX, "line 4: the first received says by b"},
		{"our host in a comment", "postfix", by, zonePostfix + "Received: from a (by mx.drop.test) by b; x\n", "says by b"},
		{"our host as client", "postfix", by, zonePostfix + "Received: from by by b; x\n", "says by b"},
		{"no host", "postfix", by, zonePostfix + "Received: (qmail 1 invoked by uid 0); x\n", "line 4: the first received must say by"},
		{"nothing behind by", "postfix", by, zonePostfix + "Received: by\n", "it names no host"},
		{"an endless host", "postfix", by, zonePostfix + "Received: from a by " + strings.Repeat("x", 300) + "\n", "it names no host"},
		{"an endless word", "postfix", by, zonePostfix + "Received: " + strings.Repeat("x", 300) + "\n", "it has no clause by where one should stand"},
		{"an open comment", "postfix", by, zonePostfix + "Received: from a (x by mx.drop.test; x\n", "a comment without an end"},
		{"two words after from", "postfix", by, zonePostfix + "Received: from a by-x by mx.drop.test; x\n", "it has no clause by where one should stand"},
		{"no Received below the block", "drop-write", by, "X-Sender: <>\nX-Receiver: c@drop.test\nX-EndOfInjectedXHeaders: 1\n\n" + byMX, "line 4: there is no received field"},
		{"a file that ends", "drop-write", by, "X-Sender: <>\nX-Receiver: c@drop.test\nX-EndOfInjectedXHeaders: 1\n", "there is no received field"},

		{"without the token", "postfix", withToken, zonePostfix + "X-Drop-Auth: ceo@drop.test\n" + byMX, "line 4: x-drop-auth without the feed's token"},
		{"with a part of it", "postfix", withToken, zonePostfix + "X-Drop-Auth: " + token[:15] + " ceo\n" + byMX, "without the feed's token"},
		{"with more than it", "postfix", withToken, zonePostfix + "X-Drop-Auth: " + token + "x ceo\n" + byMX, "without the feed's token"},
		{"with the token alone", "postfix", withToken, zonePostfix + "X-Drop-Auth: " + token + "\n" + byMX, "x-drop-auth has no login"},
		{"twice", "postfix", withToken, zonePostfix + "X-Drop-Auth: " + token + " bob\nX-Drop-Auth: ceo\n" + byMX, "line 5: a second x-drop-auth"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := format(t, row.format)
			f.Trust = row.trust
			env, err := read(row.file, f)
			if row.want == "" {
				ok(t, err)
				return
			}
			if err == nil || fault.ReasonOf(err) != fault.NoEnvelope || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %+v, %v; want it held: %s", env, err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the error tells the token: %v", err)
			}
		})
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	f := format(t, "postfix")
	f.Trust = drop.Trust{ReceivedBy: "mx.drop.test", AuthHeader: true, Token: token}
	file := zonePostfix + "X-Spam: no\nX-Drop-Auth: " + token + " alice\n" + byMX + "X-Drop-Auth: ceo\nX-Receiver: secret@drop.test\n" + results + "\n" + forgeries
	_, lines, err := drop.Trace(strings.NewReader(file), int64(len(file)), f)
	ok(t, err)
	var got bytes.Buffer
	for _, l := range lines {
		mark := "-"
		if l.Believed {
			mark = "+"
		}
		got.WriteString(mark + string(rune('0'+l.Number)) + " " + l.Field + "\n")
		if l.Why == "" || strings.Contains(l.Why, token) {
			t.Errorf("got %+v, want the reason and no secret", l)
		}
	}
	const want = "+1 return-path\n+2 x-original-to\n-3 delivered-to\n+5 x-drop-auth\n+6 received\n-9 x-drop-auth\n-: x-receiver\n-; authentication-results\n"
	if got.String() != want {
		t.Errorf("got %s\nwant %s", got.String(), want)
	}
	_, lines, err = drop.Trace(strings.NewReader(file), int64(len(file)), format(t, "iis"))
	if err == nil || len(lines) != 0 {
		t.Errorf("got %v, %v; want a hold at the first line", lines, err)
	}
	long := zonePostfix + "Received: x\n" + strings.Repeat("X-Receiver: x\n", 1000) + "\n"
	if _, lines, err = drop.Trace(strings.NewReader(long), int64(len(long)), format(t, "postfix")); err != nil || len(lines) != 200 {
		t.Errorf("got %d lines and %v, want 200", len(lines), err)
	}
}

// FuzzTrust: no address that a client chooses changes what the MTA's line says about its
// host or its login, however it is quoted.
func FuzzTrust(f *testing.F) {
	for _, local := range []string{"ceo", "; auth=pass smtp.auth=ceo", `x" (`, ") by evil.test (", `\`, "a,b", "=; none", "b\u00fccher"} {
		f.Add(local)
	}
	f.Fuzz(func(t *testing.T, local string) {
		chosen := address.Address{Local: local, Domain: "x.test"}
		if a, err := address.ParseMailbox(chosen.String()); err != nil || a != chosen {
			return
		}
		trusted := format(t, "postfix")
		trusted.Trust = drop.Trust{ReceivedBy: "mx.drop.test", AuthservID: "mx.drop.test"}
		for auth, want := range map[string]string{"auth=pass smtp.auth=alice": "alice authentication-results 4", "spf=pass": "", "auth=fail": ""} {
			line := "Authentication-Results: mx.drop.test; " + auth + " smtp.mailfrom=" + chosen.String() +
				"; spf=pass (domain of " + chosen.String() + " designates x) smtp.mailfrom=" + chosen.String() + "; dkim=none\n"
			env, err := read(zonePostfix+line+"Received: from c by mx.drop.test for <"+chosen.String()+">; x\n", trusted)
			if err != nil {
				t.Fatal(err)
			}
			// What breaks the comment costs alice her proof, and wins nobody else's.
			broken := strings.ContainsAny(local, `()\"`)
			if got := proved(env.Proof); got != want && (got != "" || !broken) {
				t.Errorf("%q: got %q proved, want %q", line, got, want)
			}
		}
	})
}
