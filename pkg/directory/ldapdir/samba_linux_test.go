package ldapdir_test

import (
	"testing"

	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
)

func TestSamba(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSamba(t, directorytest.People())
	ldaps := ldapdir.Options{
		URL: s.LDAPS, CAFile: s.Authority, Base: directorytest.BaseDN, BindDN: directorytest.ReaderDN,
		Password: func() (string, error) { return s.Password, nil },
	}
	startTLS, principal := ldaps, ldaps
	startTLS.URL, startTLS.StartTLS = s.LDAP, true
	principal.BindDN = "reader@corp.example"
	for name, o := range map[string]ldapdir.Options{"LDAPS": ldaps, "StartTLS": startTLS, "principal": principal} {
		t.Run(name, func(t *testing.T) {
			d := open(t, o)
			if err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			directorytest.Run(t, d)
		})
	}
}
