package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// query is a search (RFC 4511 §4.5).
type query struct {
	base       string
	below      bool // whether the entries below the base are searched, and not it alone
	filter     string
	attributes []string
	limit      int // of entries; more are an error; 0: maxEntries
}

const (
	pageSize   = 500 // servers have a limit of their own, of 1000 as a rule
	maxEntries = 1000
	maxPages   = 10_000    // a page may be empty, and not the last
	everything = 1_000_000 // the limit of a query that has none: more would be no directory
)

// lostError says that a question was not answered because the connection ended.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

// errNoEntry says that there is no entry of the base's name.
var errNoEntry = errors.New("there is no such entry")

// search returns the entries that the server has: all of them or an error.
func (c *conn) search(ctx context.Context, q query) (all []*ldap.Entry, err error) {
	err = c.pages(ctx, q, func(some []*ldap.Entry) error {
		all = append(all, some...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// pages yields the entries that the server has, page by page: all of them or an error. It
// follows no referrals: they could lead our password to somebody else's server. Some servers
// forget a search of many pages when the connection is used for another.
func (c *conn) pages(ctx context.Context, q query, yield func([]*ldap.Entry) error) error {
	if q.limit == 0 {
		q.limit = maxEntries
	}
	paging := ldap.NewControlPaging(pageSize)
	found := 0
	for range maxPages {
		result, err := c.page(ctx, &ldap.SearchRequest{
			BaseDN: q.base, Scope: q.scope(), DerefAliases: ldap.NeverDerefAliases,
			SizeLimit: q.limit + 1, EnforceSizeLimit: true, TimeLimit: int(c.timeout/time.Second) + 1,
			Filter: q.filter, Attributes: q.attributes, Controls: []ldap.Control{paging},
		})
		if q.below && errors.Is(err, errNoEntry) {
			return fmt.Errorf("the base %q is not there, or may not be read", q.base)
		}
		if err != nil {
			return err
		}
		if found += len(result.Entries); found > q.limit {
			return fmt.Errorf("it found more than %d entries", q.limit)
		}
		if err := yield(result.Entries); err != nil {
			return err
		}
		next, _ := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if next == nil || len(next.Cookie) == 0 {
			return nil
		}
		paging.SetCookie(next.Cookie)
	}
	return errors.New("it comes to no end")
}

func (q query) scope() int {
	if q.below {
		return ldap.ScopeWholeSubtree
	}
	return ldap.ScopeBaseObject
}

// page sends one request, and waits for its answer within the time-out. Entries that come
// with an error are a part only, and are thrown away.
func (c *conn) page(ctx context.Context, r *ldap.SearchRequest) (*ldap.SearchResult, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	result, err := c.ldap.Search(r)
	switch {
	case err == nil:
		c.used.Store(time.Now().UnixNano())
		return result, nil
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return nil, errNoEntry
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return nil, fmt.Errorf("search: there is more than the server gives this account (OpenLDAP: raise size.prtotal, see slapd.conf(5)): %w", plain(err))
	case isAnswer(err):
		return nil, fmt.Errorf("search: %w", plain(err))
	}
	defer c.close()
	if over := ended(ctx); over != nil {
		return nil, fmt.Errorf("search: %w", over)
	}
	return nil, &lostError{fmt.Errorf("search: %w", plain(err))}
}

// ended returns, in words for people, why a context has ended; nil where it has not.
func ended(ctx context.Context) error {
	if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("no answer in time: %w", ctx.Err())
}
