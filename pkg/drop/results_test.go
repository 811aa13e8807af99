package drop_test

import (
	"fmt"
	"strings"
	"testing"

	"mailchute/pkg/drop"
)

// What the MTA found out of domains counts by the rules of its lines, however odd they are.
func TestResults(t *testing.T) {
	t.Parallel()
	above := drop.Trust{AuthservID: "mx.drop.test"}
	right := drop.Trust{AuthservID: "mx.drop.test", BelowReceived: true}
	field := func(results string) string { return "Authentication-Results: mx.drop.test; " + results + "\n" }
	dmarc := "dmarc=pass (p=reject dis=none) header.from=example.org"
	odd := strings.Replace(zonePostfix, "<alice@Drop.Test>", `<"x) smtp.mailfrom=x; dmarc=pass header.from=victim.test (y"@evil.test>`, 1)
	for _, row := range []struct {
		name  string
		trust drop.Trust
		file  string
		want  string
	}{
		{"nobody vouches", drop.Trust{}, zonePostfix + field(dmarc) + byMX, ""},
		{"dmarc", above, zonePostfix + field(dmarc) + byMX, "dmarc=pass example.org 4"},
		{
			"three, folded, in capitals", above, zonePostfix + field("SPF=Pass smtp.mailfrom=a@b.example;\n\tdkim/1=pass (2048-bit key) header.d=Example.org header.i=@example.org header.s=x;\n\tDMARC=PASS header.from=example.org") + byMX,
			"spf=pass b.example 4, dkim=pass Example.org 4, dmarc=pass example.org 4",
		},
		{"two fields of ours", above, zonePostfix + field("dkim=pass header.d=example.org") + field(dmarc) + byMX, "dkim=pass example.org 4, dmarc=pass example.org 5"},
		{"ours and one of the sender's", above, zonePostfix + field(dmarc) + byMX + field("dmarc=pass header.from=victim.test"), "dmarc=pass example.org 4"},
		{"the sender's alone", above, zonePostfix + byMX + field(dmarc), ""},
		{"right below", right, zonePostfix + byMX + field(dmarc) + field("dmarc=pass header.from=victim.test"), "dmarc=pass example.org 7"},
		{"another host's", above, zonePostfix + "Authentication-Results: mx.evil.test; " + dmarc + "\n" + byMX, ""},
		{"a host that begins with ours", above, zonePostfix + "Authentication-Results: mx.drop.test.evil.test; " + dmarc + "\n" + byMX, ""},
		{"a failure", above, zonePostfix + field("dkim=fail (bad signature) header.d=example.org") + byMX, "dkim=fail example.org 4"},
		{"dkim by its identity", above, zonePostfix + field("dkim=pass header.i=alice@example.org") + byMX, "dkim=pass example.org 4"},
		{"spf of a helo", above, zoneNull + field("spf=pass smtp.helo=relay.example.org") + byMX, "spf=pass relay.example.org 4"},
		{"spf of a helo beside a sender", above, zonePostfix + field("spf=pass smtp.helo=relay.example.org") + byMX, "spf=pass  4"},
		{"an identity below the domain", above, zonePostfix + field("dkim=pass header.d=example.org header.i=@mail.example.org") + byMX, "dkim=pass example.org 4"},
		{"an identity of another domain", above, zonePostfix + field("dkim=pass header.d=example.org header.i=@evilexample.org") + byMX, "dkim=pass  4"},
		{"an identity without an @", above, zonePostfix + field("dkim=pass header.i=example.org") + byMX, "dkim=pass  4"},
		{"a domain twice, and an identity", above, zonePostfix + field("dkim=pass header.d=evil.test header.i=@drop.test header.d=x") + byMX, "dkim=pass  4"},
		{"an identity cut by a comment", above, zonePostfix + field("dkim=pass header.i=@drop.test(x)@evil.test") + byMX, ""},
		{"another version", above, zonePostfix + "Authentication-Results: mx.drop.test 2; " + dmarc + "\n" + byMX, ""},
		{"version 1", above, zonePostfix + "Authentication-Results: mx.drop.test 1; " + dmarc + "\n" + byMX, "dmarc=pass example.org 4"},
		{"a From above", above, zonePostfix + field(dmarc) + "From: ceo@drop.test\n" + byMX, ""},
		{"a sender whose literal could have written them", above, strings.Replace(zonePostfix, "<alice@Drop.Test>", "<x@[y;dmarc=pass()header.from=drop.test;z]>", 1) + field(dmarc) + byMX, ""},
		{"spf of a quoted sender", above, zonePostfix + field(`spf=pass smtp.mailfrom="a;b@c"@example.org`) + byMX, "spf=pass example.org 4"},
		{"a result in a quoted string", above, zonePostfix + field(`spf=fail reason="x; dmarc=pass header.from=victim.test" smtp.mailfrom=a@example.org`) + byMX, "spf=fail example.org 4"},
		{"a result in a comment", above, zonePostfix + field(`spf=fail (x; dmarc=pass header.from=victim.test) smtp.mailfrom=a@example.org`) + byMX, "spf=fail example.org 4"},
		{"a domain twice", above, zonePostfix + field("dmarc=pass header.from=a.test header.from=b.test") + byMX, "dmarc=pass  4"},
		{"no domain", above, zonePostfix + field("dmarc=pass") + byMX, "dmarc=pass  4"},
		{"another version of the method", above, zonePostfix + field("dmarc/2=pass header.from=a.test") + byMX, ""},
		{"an open quote", above, zonePostfix + field(`dmarc=pass header.from="a.test`) + byMX, ""},
		{"other methods", above, zonePostfix + field("iprev=pass policy.iprev=192.0.2.1; arc=pass") + byMX, ""},
		{"a sender who could have written them", above, odd + field("spf=pass (domain of \"x) smtp.mailfrom=x; dmarc=pass header.from=victim.test (y\"@evil.test) smtp.mailfrom=x") + byMX, ""},
		{"a null sender", above, zoneNull + field(dmarc) + byMX, "dmarc=pass example.org 4"},
	} {
		f := format(t, "postfix")
		f.Trust = row.trust
		env, err := read(row.file+"From: a@example.org\n\nbody\n", f)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		var got []string
		for _, r := range env.Results {
			got = append(got, fmt.Sprintf("%s=%s %s %d", r.Method, r.Value, r.Domain, r.Line))
		}
		if got := strings.Join(got, ", "); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}
