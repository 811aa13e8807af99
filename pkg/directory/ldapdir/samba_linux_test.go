package ldapdir_test

import (
	"slices"
	"testing"
	"time"

	"mailchute/pkg/directory"
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
	principal := ldaps
	principal.BindDN = "reader@corp.example"
	untrusted := ldaps
	untrusted.CAFile = directorytest.NewCertificate(t, t.TempDir()).Authority
	for _, o := range []ldapdir.Options{untrusted, overStartTLS(untrusted, s.LDAP)} {
		_, err := open(t, o).ByAddress(t.Context(), bob())
		unknown(t, err)
	}
	for name, o := range map[string]ldapdir.Options{"LDAPS": ldaps, "StartTLS": overStartTLS(ldaps, s.LDAP), "principal": principal} {
		t.Run(name, func(t *testing.T) {
			d := open(t, o)
			if err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			directorytest.Run(t, d)
		})
	}
	d := open(t, ldaps)
	for range 2 {
		una, err := d.ByLogin(t.Context(), "una")
		if err != nil {
			t.Fatal(err)
		}
		groups, err := d.GroupsOf(t.Context(), una)
		primary := slices.ContainsFunc(groups, func(g directory.Group) bool { return g.Name == "Domain Users" })
		if err != nil || !primary {
			t.Errorf("got %v, %v; want the primary group among them", groups, err)
		}
		s.Stop()
		_, err = d.GroupsOf(t.Context(), una)
		unknown(t, err)
		s.Start(t)
		d.Elapse(time.Minute)
	}
}
