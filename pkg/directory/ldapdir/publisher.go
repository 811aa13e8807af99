package ldapdir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// PublisherOptions says what is published, and where.
type PublisherOptions struct {
	// Container is the distinguished name of what the objects stand in, an organizational
	// unit as a rule; see CheckDN. It is below Options.Base.
	Container string
	// Installation is a UUID in lower case, which stands in each directory.Marker.
	Installation string
	// MarkerAttribute has the marker; "": DefaultMarkerAttribute. Nothing else may use it.
	// See CheckMarkerAttribute.
	MarkerAttribute string
	// AccountPrefix stands before the alias in the account name (sAMAccountName) of groups;
	// "": DefaultAccountPrefix. See CheckAccountPrefix.
	AccountPrefix string
	// GroupClass is the object class of distribution groups; "": group. It is AD's, or one
	// that has its attributes and no others that it must have.
	GroupClass string
}

// What PublisherOptions mean where they say nothing.
const (
	DefaultMarkerAttribute = "adminDescription"
	DefaultAccountPrefix   = "sp-"
)

// CheckAccountPrefix says what is wrong with PublisherOptions.AccountPrefix.
func CheckAccountPrefix(s string) error {
	if len(s) > 20 || !sound("a"+s) || strings.ContainsAny(s, `"/\[]:;|=,+*?<>@ `) {
		return fmt.Errorf("%q cannot stand at the beginning of an account name: use at most 20 letters and digits", s)
	}
	return nil
}

// CheckMarkerAttribute says what is wrong with PublisherOptions.MarkerAttribute.
func CheckMarkerAttribute(s string) error {
	own := slices.Concat(managed(), []string{objectClass, cn, surname, groupType, member, sAMAccountName})
	if slices.ContainsFunc(own, func(name string) bool { return strings.EqualFold(name, s) }) {
		return fmt.Errorf("%s has a meaning of its own: take another attribute for the marker", s)
	}
	return CheckAttribute(s)
}

// Publisher is directory.Publisher over LDAP: Active Directory, Samba and OpenLDAP. Contacts
// are of the class contact, groups are universal distribution groups; the schema must have
// the attributes of the mode, see Preflight. No safety rests on controls: some servers do
// what they are asked for and overlook them.
type Publisher struct {
	d         *Directory
	options   PublisherOptions
	container *ldap.DN
	managed   []string // attributes, with the capitals that they have in directory.Attributes
}

const (
	contactClass = "contact"
	groupClass   = "group"
	groupType    = "groupType"
	member       = "member"
	surname      = "sn"
)

// changeTimeout is Options.Timeout of a Publisher where it says nothing: a server may have to
// look at ten thousand members.
const changeTimeout = time.Minute

// orDefaults gives what is left out its default, and checks the rest.
func (p PublisherOptions) orDefaults() (PublisherOptions, error) {
	p.MarkerAttribute = cmp.Or(p.MarkerAttribute, DefaultMarkerAttribute)
	p.AccountPrefix = cmp.Or(p.AccountPrefix, DefaultAccountPrefix)
	p.GroupClass = cmp.Or(p.GroupClass, groupClass)
	errs := []error{CheckDN(p.Container), CheckMarkerAttribute(p.MarkerAttribute), CheckAttribute(p.GroupClass), CheckAccountPrefix(p.AccountPrefix)}
	if !isID(p.Installation) || p.Installation != strings.ToLower(p.Installation) {
		errs = append(errs, fmt.Errorf("%q is no installation's UUID", p.Installation))
	}
	return p, errors.Join(errs...)
}

// OpenPublisher returns a publisher in the directory that the options say. BindDN needs the
// right to create and delete contacts and groups in the container and to write their
// attributes, and to read the rest below Base. It connects when it is first used.
func OpenPublisher(o Options, p PublisherOptions) (*Publisher, error) {
	p, err := p.orDefaults()
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	o.Cache, o.Timeout = 0, cmp.Or(o.Timeout, changeTimeout)
	d, err := Open(o)
	if err != nil {
		return nil, err
	}
	container, err := ldap.ParseDN(p.Container)
	if err != nil {
		return nil, fmt.Errorf("directory: container: %w", err)
	}
	if !d.isBelowBase(container) {
		return nil, fmt.Errorf("directory: the container %q is not below the base %q", p.Container, o.Base)
	}
	// One at a time: some servers forget a search of many pages when there is another.
	d.slots = make(chan struct{}, 1)
	return &Publisher{d: d, options: p, container: container, managed: managed()}, nil
}

// Close ends the connection. What is asked later fails.
func (p *Publisher) Close() error { return p.d.Close() }

// read asks, once more where the connection is lost.
func read[A any](ctx context.Context, p *Publisher, what string, question func(context.Context, *conn) (A, error)) (A, error) {
	answer, err := put(ctx, p.d, what, 2, question)
	return answer, explain(err)
}

// change does something once: when the connection is lost, nobody knows whether it was done.
func change[A any](ctx context.Context, p *Publisher, what string, do func(context.Context, *conn) (A, error)) (A, error) {
	answer, err := put(ctx, p.d, what, 1, do)
	return answer, explain(err)
}

// server returns which server is asked, for people.
func (p *Publisher) server() string {
	if u, err := url.Parse(p.d.options.URL); err == nil && p.d.target.host != "" {
		return u.Host
	}
	return p.d.target.address
}

// Each is directory.Publisher's. It has a connection of its own, so that yield may use p.
func (p *Publisher) Each(ctx context.Context, yield func(directory.Actual) error) error {
	c, err := read(ctx, p, "list", func(ctx context.Context, shared *conn) (*conn, error) {
		// The same server: another may not have yet what was written there.
		return p.d.another(ctx, shared)
	})
	if err != nil {
		return err
	}
	defer c.close()
	prefix := directory.MarkerPrefix(p.options.Installation)
	err = c.pages(ctx, query{
		base: p.options.Container, below: true, limit: everything,
		filter: present(p.options.MarkerAttribute), attributes: p.attributes(),
	}, func(entries []*ldap.Entry) error {
		for _, e := range entries {
			if !strings.HasPrefix(p.marker(e), prefix) {
				continue
			}
			a, err := p.actual(c, e)
			if err != nil {
				return err
			}
			if err := yield(a); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return explain(fmt.Errorf("directory: list: %w", err))
	}
	return nil
}

// ByID is directory.Publisher's.
func (p *Publisher) ByID(ctx context.Context, id string) (directory.Actual, error) {
	what := fmt.Sprintf("object %.40q", id)
	if !isID(id) {
		return directory.Actual{}, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	return read(ctx, p, what, func(ctx context.Context, c *conn) (directory.Actual, error) { return p.find(ctx, c, id) })
}

// ByAlias is directory.Publisher's.
func (p *Publisher) ByAlias(ctx context.Context, alias string) (directory.Actual, error) {
	what := fmt.Sprintf("object %.200q", alias)
	if !sound(alias) {
		return directory.Actual{}, fmt.Errorf("directory: %s: %w", what, fault.ErrNotFound)
	}
	return read(ctx, p, what, func(ctx context.Context, c *conn) (directory.Actual, error) { return p.at(ctx, c, alias) })
}
