package ldapdir_test

import (
	"testing"

	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/directory/ldapdir"
)

// publishing returns a world of a server, for an installation of its own.
func publishing(t *testing.T, writer ldapdir.Options) directorytest.PublisherWorld {
	t.Helper()
	own := newID()
	w := directorytest.PublisherWorld{
		Installation: own,
		Publisher:    publisher(t, writer, published(own)),
		Other:        publisher(t, writer, published(newID())),
	}
	astray := published(own)
	astray.Container = "OU=nowhere," + directorytest.BaseDN
	w.Astray = publisher(t, writer, astray)
	return w
}

const crowd = 2000

func crowded() directorytest.World {
	w := directorytest.People()
	w.Contacts = append(w.Contacts, directorytest.CrowdOf(crowd)...)
	return w
}

func TestPublisherOnSlapd(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSlapd(t, crowded(), directorytest.SlapdOptions{Strict: true})
	directorytest.TestPublisher(t, func(t *testing.T) directorytest.PublisherWorld {
		w := publishing(t, writer(s))
		w.Admin, w.Crowd, w.Objects = s.Administrator(t), crowd, 1020
		w.Powerless, w.RightsUnknown = publisher(t, reader(s), published(w.Installation)), true
		return w
	})
}

func TestPublisherOnSamba(t *testing.T) {
	t.Parallel()
	s := directorytest.StartSamba(t, crowded())
	o := ldapdir.Options{URL: s.LDAPS, CAFile: s.Authority, Base: directorytest.BaseDN}
	directorytest.TestPublisher(t, func(t *testing.T) directorytest.PublisherWorld {
		w := publishing(t, as(o, directorytest.WriterDN, s.WriterPassword))
		w.Admin, w.Crowd = s.Administrator(t), crowd
		w.Powerless = publisher(t, as(o, directorytest.ReaderDN, s.Password), published(w.Installation))
		return w
	})
}
