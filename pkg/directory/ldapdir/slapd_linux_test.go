package ldapdir_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/address"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/fault"
)

// reader returns how the reader of a server asks it.
func reader(s *directorytest.Slapd) ldapdir.Options {
	return ldapdir.Options{
		URL: s.LDAPS, CAFile: s.Authority, Base: directorytest.BaseDN, BindDN: directorytest.ReaderDN,
		Password: func() (string, error) { return s.Password, nil },
	}
}

// overStartTLS returns how the same is asked at another URL.
func overStartTLS(o ldapdir.Options, url string) ldapdir.Options {
	o.URL, o.StartTLS = url, true
	return o
}

func TestSlapd(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{})
	socket, openldap, kept := reader(s), reader(s), reader(s)
	socket.URL, socket.BindDN = s.Socket, ""
	openldap.Flavour = ldapdir.OpenLDAP
	kept.Cache = time.Hour
	for name, o := range map[string]ldapdir.Options{
		"LDAPS": reader(s), "StartTLS": overStartTLS(reader(s), s.LDAP), "socket": socket, "flavour": openldap, "kept": kept,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, o)
			if err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			directorytest.Run(t, d)
			directorytest.Run(t, d)
		})
	}
}

// TestOnlyUsersAreUsers asks where contacts and groups have what counts as a login, too.
func TestOnlyUsersAreUsers(t *testing.T) {
	t.Parallel()
	o := reader(directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{}))
	o.Login = "cn"
	d := open(t, o)
	got := map[string]string{}
	for _, name := range []string{"Bob Baker", "External Ernie", "staff"} {
		p, err := d.ByLogin(t.Context(), name)
		got[name] = answer(p.Login, err)
	}
	for _, a := range []string{"bob@corp.example", "ernie@elsewhere.example", "staff@corp.example"} {
		mailbox, err := address.ParseMailbox(a)
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.ByAddress(t.Context(), mailbox)
		got[a] = answer(p.Login, err)
	}
	want := map[string]string{
		"Bob Baker": "Bob Baker", "External Ernie": nobody, "staff": nobody,
		"bob@corp.example": "Bob Baker", "ernie@elsewhere.example": nobody, "staff@corp.example": nobody,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who is a user (-want +got):\n%s", diff)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	t.Parallel()
	other := directorytest.NewCertificate(t, t.TempDir())
	for name, tt := range map[string]struct {
		change    func(*x509.Certificate)
		authority string
		want      string
	}{
		"another authority": {nil, other.Authority, "unknown authority"},
		"another address": {func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 9)}
		}, "", "127.0.0.1"},
		"a name and no address": {func(c *x509.Certificate) { c.IPAddresses = nil }, "", "127.0.0.1"},
		"expired":               {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }, "", "expired"},
		"not yet valid":         {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, "", "not yet valid"},
		"not for servers": {func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, "", "key usage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{Certificate: tt.change})
			o := reader(s)
			o.Password = func() (string, error) { return password, errors.New("asked for the password") }
			if tt.authority != "" {
				o.CAFile = tt.authority
			}
			for _, o := range []ldapdir.Options{o, overStartTLS(o, s.LDAP)} {
				_, err := open(t, o).ByAddress(t.Context(), bob())
				unknown(t, err)
				if err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: got %v, want that it says %q", o.URL, err, tt.want)
				}
			}
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	c := directorytest.NewCertificate(t, t.TempDir())
	pair, err := tls.LoadX509KeyPair(c.File, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	old := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // it shall be refused
	address := serve(t, func(raw net.Conn) { _ = tls.Server(raw, old).HandshakeContext(t.Context()) })
	_, err = open(t, ldapdir.Options{URL: "ldaps://" + address, CAFile: c.Authority, Base: directorytest.BaseDN}).ByAddress(t.Context(), bob())
	unknown(t, err)
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("got %v, want one about the version of TLS", err)
	}
}

func TestServerRestarts(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{})
	fresh, o := open(t, reader(s)), reader(s)
	o.Cache = time.Hour
	kept := open(t, o)
	look := func(d *ldapdir.Directory, login string) error {
		_, err := d.ByLogin(t.Context(), login)
		return err
	}
	for range 2 {
		p, err := kept.ByLogin(t.Context(), "bob")
		if err != nil || len(p.Addresses) != 1 || p.Addresses[0] != "bob@corp.example" {
			t.Fatalf("got %+v, %v", p, err)
		}
		p.Addresses[0] = "changed@corp.example" // it is the caller's
	}
	for range 3 {
		if err := errors.Join(look(fresh, "bob"), look(kept, "bob")); err != nil {
			t.Fatal(err)
		}
		if err := look(kept, "nemo"); !errors.Is(err, fault.ErrNotFound) {
			t.Fatal(err)
		}
		s.Stop()
		unknown(t, look(fresh, "bob"))
		unknown(t, look(kept, "carol"))
		if err := look(kept, "bob"); err != nil {
			t.Errorf("an answer that is kept: %v", err)
		}
		if err := look(kept, "nemo"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("that nobody is there is kept: got %v", err)
		}
		s.Start(t)
		fresh.Elapse(time.Minute)
		if err := look(fresh, "bob"); err != nil {
			t.Errorf("the server is back: %v", err)
		}
		s.Stop()
		s.Start(t)
		if err := look(fresh, "bob"); err != nil {
			t.Errorf("nobody saw that it was away: %v", err)
		}
		kept.Elapse(time.Minute)
	}
	if err := fresh.Close(); err != nil {
		t.Fatal(err)
	}
	unknown(t, look(fresh, "bob"))
}

func TestRefusedPasswordIsTriedOnceAMinute(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{})
	o, tried, now := reader(s), 0, password
	o.Password = func() (string, error) {
		tried++
		return now, nil
	}
	d := open(t, o)
	for range 3 {
		_, err := d.ByLogin(t.Context(), "bob")
		unknown(t, err)
		if err == nil || !strings.Contains(err.Error(), "code 49") {
			t.Errorf("got %v, want code 49", err)
		}
		now = s.Password
	}
	d.Elapse(ldapdir.RefusedPause - time.Second)
	_, err := d.ByLogin(t.Context(), "bob")
	unknown(t, err)
	if tried != 1 {
		t.Errorf("the password was tried %d times within a minute", tried)
	}
	d.Elapse(2 * time.Second)
	if _, err := d.ByLogin(t.Context(), "bob"); err != nil || tried != 2 {
		t.Errorf("after a minute, with the right password: %v after %d tries", err, tried)
	}
}

func TestPasswordThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.World{}, directorytest.SlapdOptions{})
	for _, tt := range []struct {
		password string
		err      error
	}{{"", nil}, {"", errors.New("no such file")}} {
		o := reader(s)
		o.Password = func() (string, error) { return tt.password, tt.err }
		_, err := open(t, o).ByLogin(t.Context(), "bob")
		unknown(t, err)
	}
	o := reader(s)
	o.BindDN = "" // nobody in particular, whom this server tells nothing
	_, err := open(t, o).ByLogin(t.Context(), "bob")
	unknown(t, err)
	o = reader(s)
	o.Base = "DC=elsewhere,DC=example"
	_, err = open(t, o).ByLogin(t.Context(), "bob")
	unknown(t, err)
	unknown(t, open(t, o).Check(t.Context()))
}
