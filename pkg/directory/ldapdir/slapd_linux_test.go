package ldapdir_test

import (
	"testing"

	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
)

// reader returns how the reader of a server asks it.
func reader(s *directorytest.Slapd) ldapdir.Options {
	return ldapdir.Options{
		URL: s.LDAPS, CAFile: s.Authority, Base: directorytest.BaseDN, BindDN: directorytest.ReaderDN,
		Password: func() (string, error) { return s.Password, nil },
	}
}

func open(t *testing.T, o ldapdir.Options) *ldapdir.Directory {
	t.Helper()
	d, err := ldapdir.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestSlapd(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, directorytest.People(), directorytest.SlapdOptions{})
	startTLS, socket, openldap := reader(s), reader(s), reader(s)
	startTLS.URL, startTLS.StartTLS = s.LDAP, true
	socket.URL, socket.BindDN = s.Socket, ""
	openldap.Flavour = ldapdir.OpenLDAP
	for name, o := range map[string]ldapdir.Options{"LDAPS": reader(s), "StartTLS": startTLS, "socket": socket, "flavour": openldap} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, o)
			if err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			directorytest.Run(t, d)
		})
	}
}
