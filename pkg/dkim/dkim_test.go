package dkim_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sign "github.com/emersion/go-msgauth/dkim"

	"mailchute/pkg/dkim"
)

const mail = "From: alice@example.org\r\nTo: in@drop.test\r\nSubject: x\r\n\r\nHello,\r\n\r\nbye\r\n"

// zone answers for the DNS.
type zone struct {
	texts map[string]string // by name
	err   error
	asked []string
}

func (z *zone) lookup(_ context.Context, name string) ([]string, error) {
	z.asked = append(z.asked, name)
	if z.err != nil {
		return nil, z.err
	}
	if text, ok := z.texts[name]; ok {
		return []string{text}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func newKey(t *testing.T) (crypto.Signer, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
}

func signed(t *testing.T, text string, o sign.SignOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := sign.Sign(&out, strings.NewReader(text), &o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func verify(t *testing.T, z *zone, text string) []dkim.Signature {
	t.Helper()
	got, err := dkim.New(dkim.Options{Lookup: z.lookup}).Verify(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestVerify(t *testing.T) {
	t.Parallel()
	key, record := newKey(t)
	other, _ := newKey(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&weak.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{texts: map[string]string{
		"s._domainkey.example.org.":       record,
		"rsa._domainkey.example.org.":     "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der),
		"revoked._domainkey.example.org.": "v=DKIM1; k=ed25519; p=",
		"s._domainkey.other.example.":     record,
	}}
	of := func(domain, selector string, key crypto.Signer) sign.SignOptions {
		return sign.SignOptions{
			Domain: domain, Selector: selector, Signer: key, HeaderKeys: []string{"From", "To", "Subject"},
			HeaderCanonicalization: sign.CanonicalizationRelaxed, BodyCanonicalization: sign.CanonicalizationRelaxed,
		}
	}
	good := signed(t, mail, of("example.org", "s", key))
	long := strings.Repeat("X: y\r\n", 12<<10)
	for _, row := range []struct {
		name, text string
		want       string // the domains that pass
		why        string // of the first that does not
	}{
		{"good", good, "example.org", ""},
		{"RSA", signed(t, mail, of("example.org", "rsa", weak)), "example.org", ""},
		{"line ends of Unix", strings.ReplaceAll(good, "\r\n", "\n"), "example.org", ""},
		{"two", signed(t, good, of("other.example", "s", key)), "other.example example.org", ""},
		{"none", mail, "", ""},
		{"another body", strings.Replace(good, "bye", "buy", 1), "", "body hash"},
		{"another From", strings.Replace(good, "alice@", "ceo@", 1), "", "did not verify"},
		{"another key", signed(t, mail, of("example.org", "s", other)), "", "did not verify"},
		{"no key", signed(t, mail, of("example.org", "gone", key)), "", "no key"},
		{"a key that was withdrawn", signed(t, mail, of("example.org", "revoked", key)), "", "revoked"},
		{"a part of the body", strings.Replace(good, "v=1;", "v=1; l=5;", 1), "", "body length"},
		{"expired", signed(t, mail, sign.SignOptions{
			Domain: "example.org", Selector: "s", Signer: key, HeaderKeys: []string{"From"}, Expiration: time.Unix(1e9, 0),
		}), "", "expired"},
		{"of the sender's making", "DKIM-Signature: v=1; d=example.org\r\n" + mail, "", "required tag"},
		{"no header", "DKIM-Signature: v=1", "", "header"},
		{"a long header", long + good, "", "header"},
		{"much white space", good + strings.Repeat("\r\n", 1<<16), "", "white space"},
	} {
		var passed []string
		why := ""
		for _, s := range verify(t, z, row.text) {
			if s.Pass {
				passed = append(passed, s.Domain)
			} else if why == "" {
				why = s.Why
			}
			if s.Unknown || s.Pass == (s.Why != "") {
				t.Errorf("%s: got %+v, want a pass or why not", row.name, s)
			}
		}
		if got := strings.Join(passed, " "); got != row.want || (why == "") != (row.why == "") || !strings.Contains(why, row.why) {
			t.Errorf("%s: got pass of %q, why not %q; want %q and %q", row.name, got, why, row.want, row.why)
		}
	}
}

// Many signatures cost no more than five.
func TestManySignatures(t *testing.T) {
	t.Parallel()
	key, record := newKey(t)
	z := &zone{texts: map[string]string{"s._domainkey.example.org.": record}}
	text := mail
	for range 8 {
		text = signed(t, text, sign.SignOptions{Domain: "example.org", Selector: "s", Signer: key, HeaderKeys: []string{"From"}})
	}
	if got := verify(t, z, text); len(got) != 5 || !got[0].Pass {
		t.Errorf("got %+v, want five that pass", got)
	}
}

// A DNS that gives no answer proves nothing, and is asked again; one that does is not.
func TestDNS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key, record := newKey(t)
		text := signed(t, mail, sign.SignOptions{Domain: "example.org", Selector: "s", Signer: key, HeaderKeys: []string{"From"}})
		z := &zone{err: errors.New("connection refused")}
		v := dkim.New(dkim.Options{Lookup: z.lookup})
		check := func(when string, pass, unknown bool, asked int) {
			t.Helper()
			got, err := v.Verify(t.Context(), strings.NewReader(text))
			if err != nil || len(got) != 1 || got[0].Pass != pass || got[0].Unknown != unknown || len(z.asked) != asked {
				t.Errorf("%s: got %+v, %v, asked %d times; want pass %t, unknown %t, %d", when, got, err, len(z.asked), pass, unknown, asked)
			}
		}
		check("no answer", false, true, 1)
		check("still none", false, true, 2)
		z.err, z.texts = nil, map[string]string{"s._domainkey.example.org.": record}
		check("an answer", true, false, 3)
		z.texts = nil
		check("from the cache", true, false, 3)
		time.Sleep(10 * time.Minute)
		check("ten minutes later", false, false, 4)
		check("that there is none is kept as well", false, false, 4)
	})
}

// What cannot be read is no message without a signature.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	key, record := newKey(t)
	z := &zone{texts: map[string]string{"s._domainkey.example.org.": record}}
	o := sign.SignOptions{Domain: "example.org", Selector: "s", Signer: key, HeaderKeys: []string{"From"}}
	text := signed(t, signed(t, mail, o), o)
	broken := errors.New("the disk is gone")
	for n := range len(text) {
		r := io.MultiReader(strings.NewReader(text[:n]), failing{broken})
		got, err := dkim.New(dkim.Options{Lookup: z.lookup}).Verify(t.Context(), r)
		if !errors.Is(err, broken) || got != nil {
			t.Fatalf("cut at %d: got %+v, %v, want the error of reading", n, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dkim.New(dkim.Options{Lookup: z.lookup}).Verify(ctx, strings.NewReader(text)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
