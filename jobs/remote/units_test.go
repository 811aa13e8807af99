package remote_test

import (
	"strconv"
	"testing"
	"time"

	"mailchute/jobs/remote"
)

func TestBucketsAreForgotten(t *testing.T) {
	t.Parallel()
	var c clock
	take := remote.NewTake(c.now, 2, time.Minute)
	for i := range remote.MaxBuckets {
		if _, ok := take(strconv.Itoa(i)); !ok {
			t.Fatalf("key %d was refused", i)
		}
	}
	if _, ok := take("one more"); ok {
		t.Error("more keys are remembered than may be")
	}
	if _, ok := take("0"); !ok {
		t.Error("a key that is remembered was refused")
	}
	c.pass(time.Minute)
	if _, ok := take("one more"); !ok {
		t.Error("full buckets are not forgotten")
	}
	if _, ok := take("0"); !ok {
		t.Error("a key that has its token back was refused")
	}
	if wait, ok := take("0"); ok || wait != time.Minute {
		t.Errorf("got %s, %t, want a minute to wait: what is not full was forgotten", wait, ok)
	}
}

func TestPeerOf(t *testing.T) {
	t.Parallel()
	for remoteAddr, want := range map[string]string{
		"192.0.2.1:5000":           "192.0.2.1",
		"[::ffff:192.0.2.1]:5000":  "192.0.2.1",
		"[2001:db8:1:2:3::4]:5000": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:5000":      "fe80::/64",
		"@":                        "@",
		"host.example:5000":        "host.example",
	} {
		if got := remote.PeerOf(remoteAddr); got != want {
			t.Errorf("%s: got %s, want %s", remoteAddr, got, want)
		}
	}
}

func TestManagerOf(t *testing.T) {
	t.Parallel()
	for contact, want := range map[string]string{
		"":                                "",
		" alice@corp.example\n":           "alice@corp.example",
		`CORP\alice`:                      "user:alice",
		`i:0#.w|corp\alice`:               "user:alice",
		"alice":                           "user:alice",
		"Alice  Example":                  "user:Alice Example",
		"CN=alice,OU=People,DC=corp":      "user:alice",
		`cn = Example\, Alice ,OU=People`: "user:Example, Alice",
		"uid=alice+cn=Alice,dc=corp":      "user:alice",
		`CN=alice\`:                       "user:alice",
		`CORP\`:                           "",
		"CN=":                             "",
		"OU=People,DC=corp,DC=example":    "user:OU=People,DC=corp,DC=example",
	} {
		if got := remote.ManagerOf(contact); got != want {
			t.Errorf("%q: got %q, want %q", contact, got, want)
		}
	}
}
