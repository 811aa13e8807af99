package directorytest_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory/directorytest"
)

const inside = "," + directorytest.ContainerDN

// trusting returns that the authority of a server is trusted.
func trusting(t *testing.T, c directorytest.Certificate) ldap.DialOpt {
	t.Helper()
	text, err := os.ReadFile(c.Authority)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(text)
	return ldap.DialWithTLSConfig(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12})
}

// dial connects to a server, until the test ends.
func dial(t *testing.T, url string, certificate directorytest.Certificate) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(url, trusting(t, certificate))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// writer connects and logs in.
func writer(t *testing.T, url string, certificate directorytest.Certificate, password string) *ldap.Conn {
	t.Helper()
	c := dial(t, url, certificate)
	if err := c.Bind(directorytest.WriterDN, password); err != nil {
		t.Fatal(err)
	}
	return c
}

func add(c *ldap.Conn, dn, class string, more ...string) func() error {
	r := ldap.NewAddRequest(dn, nil)
	r.Attribute("objectClass", []string{class})
	for i := 0; i < len(more); i += 2 {
		r.Attribute(more[i], []string{more[i+1]})
	}
	return func() error { return c.Add(r) }
}

func set(c *ldap.Conn, dn, attribute, value string) func() error {
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace(attribute, []string{value})
	return func() error { return c.Modify(r) }
}

func rename(c *ldap.Conn, dn, rdn, parent string) func() error {
	return func() error { return c.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, true, parent)) }
}

func remove(c *ldap.Conn, dn string) func() error {
	return func() error { return c.Del(ldap.NewDelRequest(dn, nil)) }
}

// code returns the result code of an answer (RFC 4511 §4.1.9).
func code(err error) uint16 {
	if e, ok := err.(*ldap.Error); ok { //nolint:errorlint // it is not wrapped
		return e.ResultCode
	}
	return 0
}
