package dms_test

import (
	"context"
	"testing"

	"mailchute/jobs/dms"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/store"
	"mailchute/store/mem"
)

// server is a directory over LDAP that several tests use one after the other.
type server struct {
	ldapdir.Options
	admin *tracker
}

// tracker is an administrator who remembers what was added and changed by hand.
type tracker struct {
	directorytest.Administrator
	ids []string
}

// Add is directorytest.Administrator's.
func (k *tracker) Add(t *testing.T, kind directory.Kind, alias string, a directory.Attributes) string {
	t.Helper()
	id := k.Administrator.Add(t, kind, alias, a)
	k.ids = append(k.ids, id)
	return id
}

// Copy is directorytest.Administrator's.
func (k *tracker) Copy(t *testing.T, id, alias string) string {
	t.Helper()
	id = k.Administrator.Copy(t, id, alias)
	k.ids = append(k.ids, id)
	return id
}

// Set is directorytest.Administrator's.
func (k *tracker) Set(t *testing.T, id, attribute string, values ...string) {
	t.Helper()
	k.Administrator.Set(t, id, attribute, values...)
	k.ids = append(k.ids, id)
}

func account(dn, password string, o ldapdir.Options) ldapdir.Options {
	o.Base, o.BindDN, o.Password = directorytest.BaseDN, dn, func() (string, error) { return password, nil }
	return o
}

func onSlapd(t *testing.T, w directorytest.World) *server {
	t.Helper()
	s := directorytest.StartSlapd(t, w, directorytest.SlapdOptions{Strict: true})
	return &server{
		account(directorytest.WriterDN, s.WriterPassword, ldapdir.Options{URL: s.LDAPS, CAFile: s.Authority}),
		&tracker{Administrator: s.Administrator(t)},
	}
}

func onSamba(t *testing.T, w directorytest.World) *server {
	t.Helper()
	s := directorytest.StartSamba(t, w)
	return &server{
		account(directorytest.WriterDN, s.WriterPassword, ldapdir.Options{URL: s.LDAPS, CAFile: s.Authority}),
		&tracker{Administrator: s.Administrator(t)},
	}
}

func onFakeAD(t *testing.T, w directorytest.World) *server {
	t.Helper()
	s := directorytest.StartFakeAD(t, w, directorytest.FakeADOptions{Referral: "ldaps://elsewhere.example/DC=elsewhere,DC=example"})
	return &server{
		account(directorytest.WriterDN, s.Password, ldapdir.Options{URL: s.LDAPS, CAFile: s.Authority}),
		&tracker{Administrator: s.Administrator(t)},
	}
}

// open returns a publisher of an installation.
func (s *server) open(t *testing.T, installation string) *ldapdir.Publisher {
	t.Helper()
	return s.openAt(t, installation, directorytest.ContainerDN)
}

func (s *server) openAt(t *testing.T, installation, container string) *ldapdir.Publisher {
	t.Helper()
	p, err := ldapdir.OpenPublisher(s.Options, ldapdir.PublisherOptions{Container: container, Installation: installation})
	must(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// farm makes a farm that publishes to the server. What it leaves there is deleted with the
// test.
func (s *server) farm(t *testing.T, change ...func(*dms.Options)) *farm {
	t.Helper()
	return s.farmOf(t, installation, change...)
}

func (s *server) farmOf(t *testing.T, installation string, change ...func(*dms.Options)) *farm {
	t.Helper()
	f := s.newFarm(t, installation, change...)
	t.Cleanup(func() { s.tidy(t, f) })
	return f
}

func (s *server) newFarm(t *testing.T, installation string, change ...func(*dms.Options)) *farm {
	t.Helper()
	f := newFarmOn(t, mem.NewCatalog(), change...)
	must(t, f.base.rename(t, installation))
	b := f.base
	b.dir, b.publisher, b.admin = nil, s.open(t, installation), s.admin
	b.beside = func(installation string) directory.Publisher { return s.open(t, installation) }
	return b.process(t, unwrapped, change...)
}

// rename gives the installation of a new farm another name.
func (b base) rename(t *testing.T, installation string) error {
	t.Helper()
	catalog, err := b.catalog(t.Context())
	must(t, err)
	return catalog.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("installation", installation) })
}

// tidy deletes all that a test has made.
func (s *server) tidy(t *testing.T, f *farm) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	ids := s.admin.ids
	for _, of := range []string{installation, otherInstallation} {
		must(t, s.open(t, of).Each(ctx, func(a directory.Actual) error {
			ids = append(ids, a.ID)
			return nil
		}))
	}
	all, err := f.KnownObjects(ctx)
	must(t, err)
	for _, k := range all {
		ids = append(ids, k.ID)
	}
	for _, id := range ids {
		if id != "" && s.admin.Entry(t, id) != nil {
			s.admin.Delete(t, id)
		}
	}
	s.admin.ids = nil
}

// servers are those that tests of the whole job run on.
func servers() map[string]func(*testing.T, directorytest.World) *server {
	return map[string]func(*testing.T, directorytest.World) *server{"slapd": onSlapd, "samba": onSamba, "fake AD": onFakeAD}
}

// Each line of the table holds on a server with LDAP, too.
func TestRowsOverLDAP(t *testing.T) {
	t.Parallel()
	for name, start := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, directorytest.People())
			for _, r := range rows() {
				t.Run(r.name, func(t *testing.T) { r.hold(s.farm(t, r.changes()...)) })
			}
		})
	}
}
