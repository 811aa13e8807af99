// Package ldapdir asks an LDAP directory (RFC 4511), like Active Directory or OpenLDAP,
// about people and their groups: a Directory, which reads only. A Publisher keeps contacts
// and distribution groups in a container of such a directory.
package ldapdir

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"mailchute/pkg/directory"
)

// Directory answers from an LDAP directory, see directory.People. Its answers are at most
// Options.Cache old: who is taken out of a group keeps its rights for so long. It is safe
// for concurrent use.
type Directory struct {
	options Options
	target  target
	trusted *x509.CertPool

	slots   chan struct{} // a question holds one
	turn    chan struct{} // held by whoever uses the fields below
	conn    *conn
	closed  bool
	pause   time.Time // no connection is tried before,
	failure error     // because of this

	byAddress answers[directory.Person]
	byLogin   answers[directory.Person]
	groupsOf  answers[[]directory.Group]
	groups    answers[directory.Group]
}

const (
	maxQuestions = 8               // at once
	maxIdle      = 5 * time.Minute // firewalls and servers forget a connection that is idle
	refusedPause = time.Minute     // after a refused password: more of them would lock the account
	maxPacket    = 10 << 20        // bytes of one answer
)

// limitPackets bounds what the LDAP library reads at once.
var limitPackets = sync.OnceFunc(func() { ber.MaxPacketLengthBytes = maxPacket })

// Open returns the directory that the options say. It connects when the first question is
// asked, and again whenever it must.
func Open(o Options) (*Directory, error) {
	o, err := o.orDefaults()
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	t, err := parseURL(o.URL, o.StartTLS)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	trusted, err := authorities(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	limitPackets()
	return &Directory{
		options: o, target: t, trusted: trusted,
		slots: make(chan struct{}, maxQuestions), turn: make(chan struct{}, 1),
		byAddress: answers[directory.Person]{ttl: o.Cache}, byLogin: answers[directory.Person]{ttl: o.Cache},
		groupsOf: answers[[]directory.Group]{ttl: o.Cache, weigh: func(gs []directory.Group) int { return len(gs) }},
		groups:   answers[directory.Group]{ttl: o.Cache},
	}, nil
}

// Check connects and looks whether there is anything where people and groups should be.
func (d *Directory) Check(ctx context.Context) error {
	_, err := ask(ctx, d, "check", func(ctx context.Context, c *conn) (struct{}, error) {
		found, err := c.search(ctx, query{base: d.options.Base, filter: anything, attributes: []string{"objectClass"}})
		if err == nil && len(found) == 0 {
			err = errors.New("nothing is there, or it cannot be read")
		}
		if err != nil {
			err = fmt.Errorf("base %q: %w", d.options.Base, err)
		}
		return struct{}{}, err
	})
	return err
}

// Close ends the connection. Questions that are asked later fail.
func (d *Directory) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.closed = true
	if d.conn != nil {
		d.conn.close()
	}
	return nil
}

// ask puts a question. Where the connection is lost meanwhile, it is put once more over
// another.
func ask[A any](ctx context.Context, d *Directory, what string, question func(context.Context, *conn) (A, error)) (A, error) {
	return put(ctx, d, what, 2, question)
}

// put puts a question, and again over another connection where one is lost, so many times in
// all.
func put[A any](ctx context.Context, d *Directory, what string, times int, question func(context.Context, *conn) (A, error)) (answer A, err error) {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return answer, fmt.Errorf("directory: %s: %w", what, ctx.Err())
	}
	for range times {
		if err = ctx.Err(); err != nil {
			break
		}
		var c *conn
		if c, err = d.connection(ctx); err != nil {
			break
		}
		answer, err = question(ctx, c)
		_, isLost := errors.AsType[*lostError](err)
		if !isLost || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("directory: %s: %w", what, err)
	}
	return answer, err
}

// connection returns a connection that, for all that is known, works.
func (d *Directory) connection(ctx context.Context) (*conn, error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d.closed {
		return nil, errors.New("it is closed")
	}
	if d.conn.works() {
		return d.conn, nil
	}
	if d.conn != nil {
		d.conn.close()
		d.conn = nil
	}
	c, err := d.dial(ctx, d.target.address)
	if err == nil {
		d.conn = c
	}
	return c, err
}

// another returns a connection to the same server as c's, which the caller closes.
func (d *Directory) another(ctx context.Context, c *conn) (*conn, error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return d.dial(ctx, c.address(d.target))
}

// dial connects, but not too often. Whoever calls it has the turn.
func (d *Directory) dial(ctx context.Context, address string) (*conn, error) {
	began := time.Now()
	if began.Before(d.pause) {
		return nil, d.failure
	}
	c, err := d.connect(ctx, address)
	if err == nil {
		return c, nil
	}
	if ctx.Err() == nil {
		// Who waits for a server that does not answer spends at most half of the time on it.
		d.pause, d.failure = time.Now().Add(time.Since(began)), err
		if _, refused := errors.AsType[*refusedError](err); refused {
			d.pause = time.Now().Add(refusedPause)
		}
	}
	return nil, err
}
