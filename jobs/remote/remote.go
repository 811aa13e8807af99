// Package remote is the directory management service for SharePoint farms: it answers the
// requests of their SharepointEmailWS by HTTPS, and carries them out on the catalog. What a
// farm asks for goes the way of every other request; the job dms makes the directory follow.
package remote

import (
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"mailchute/store"
)

// Options are what the service is made of.
type Options struct {
	Store *store.Store
	// URL is the address that farms call the service by, without the path of the service:
	// "https://mail.corp.example:8443". It stands in the service's description.
	URL string
	// Clients are the common names of certificates that are let in, of those that the TLS
	// connection has verified; none: all.
	Clients []string
	// UsersFile names those who are let in by name and password; "": nobody. It has lines
	// NAME:HASH with hashes of HashPassword, and is read again when it changes; what begins
	// with "#" is a comment. Others than its owner must have no rights to it.
	UsersFile string
	// Changed is called when something was changed that the directory should follow.
	Changed func()
	Log     zerolog.Logger
	Now     func() time.Time // the clock; time.Now where nil
	Limits  Limits
}

// Limits are what clients may cost. Zero values are good ones.
type Limits struct {
	Body      int64         // bytes of a request; 1 MiB
	Names     int           // in the lists of a request; 5,000
	AtOnce    int           // requests that are carried out at one time; 8
	PerSecond int           // requests of one client, in the long run; 50
	Burst     int           // requests of one client that may come at once; 500
	Time      time.Duration // for one request; 30 s
	// Wait is how long a request waits for its turn, where a client sends too many or the
	// directory has still to follow an earlier one, before it is turned away; 3 s.
	Wait time.Duration
	// Failures is how many wrong passwords one host may send at once: 10. After that, one a
	// minute. A client whose password was right before is not concerned.
	Failures int
}

func (l Limits) orDefaults() Limits {
	set := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	set(&l.Names, 5_000)
	set(&l.AtOnce, 8)
	set(&l.PerSecond, 50)
	set(&l.Burst, 500)
	set(&l.Failures, 10)
	if l.Body <= 0 {
		l.Body = 1 << 20
	}
	if l.Time <= 0 {
		l.Time = 30 * time.Second
	}
	if l.Wait <= 0 {
		l.Wait = 3 * time.Second
	}
	return l
}

// Handler answers requests for the service at emailws.Path: SOAP 1.1 and 1.2 by POST, the
// service's description by GET with ?WSDL. Nobody is answered without TLS or without a
// client's name, by a verified certificate or by name and password (HTTP Basic); a request
// is carried out in the name "soap:" and that of the client. Answers never say how the
// service works inside.
func Handler(o Options) http.Handler {
	o.Limits = o.Limits.orDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	return &handler{
		Options: o,
		door:    newDoor(o),
		rates:   newBuckets(o.Now, o.Limits.Burst, time.Second/time.Duration(o.Limits.PerSecond)),
		places:  make(chan struct{}, o.Limits.AtOnce),
	}
}
