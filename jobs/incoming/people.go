package incoming

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// user is who has an address or a login; login "" is nobody.
type user struct {
	login  string
	proved bool
	person bool                    // of the directory, and in all of groups
	groups []access.DirectoryGroup // of the directory
	doubt  string                  // why it may be several people; then it is nobody
}

// resolve returns who with the user or person whose the address or the login is. The
// error may be an unanswered.
func (j *judge) resolve(ctx context.Context, who access.Sender, a address.Address, login string) (access.Sender, error) {
	u, err := j.userOf(ctx, a, login)
	switch {
	case err != nil:
	case u.doubt != "":
		who.Ambiguous = true
		who.Evidence += "; " + u.doubt
	case u.proved:
		who.Login, who.Person, who.Groups = u.login, u.person, u.groups
	case u.login != "":
		who.Ambiguous = true
		who.Evidence += "; it only looks like the address of user " + u.login
	}
	return who, err
}

// userOf returns whose an address or a login is, null and "" are nobody's: a user of the
// catalog, else a person of the directory, which is not asked about users of the catalog.
func (j *judge) userOf(ctx context.Context, a address.Address, login string) (u user, err error) {
	if !a.IsNull() {
		u, err = j.userAt(ctx, a)
	}
	if err == nil && u.login == "" && login != "" {
		u, err = j.userNamed(ctx, login)
	}
	if err != nil || u.login != "" {
		return u, err
	}
	return j.people.find(ctx, a, login)
}

// userAt returns the user of the catalog who has an address.
func (j *judge) userAt(ctx context.Context, a address.Address) (user, error) {
	return j.users.get(a.String(), func() (u user, err error) {
		u.login, u.proved, err = j.store.UserAt(ctx, a)
		return orNobody(u, err)
	})
}

// userNamed returns the user of the catalog with a login.
func (j *judge) userNamed(ctx context.Context, login string) (user, error) {
	return j.users.get("login "+login, func() (user, error) {
		all, err := j.store.Users(ctx)
		known := slices.ContainsFunc(all, func(u access.User) bool { return u.Login == login })
		if err != nil || !known {
			return user{}, err
		}
		return user{login: login, proved: true}, nil
	})
}

// unanswered says that the directory was asked who sent a message, and did not say. That
// neither allows nor denies anything: the item waits without blame, and others go on.
type unanswered struct{ err error }

func (u unanswered) Error() string { return "nobody knows who sent it, so it waits: " + u.err.Error() }
func (u unanswered) Unwrap() error { return u.err }

// wait remembers why the first of the items waits that wait for the directory.
func (p *pass) wait(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waits == nil {
		p.waits = err
	}
}

// people asks the directory who somebody is. It keeps no answers: the directory does, for
// as long as it may.
type people struct {
	directory directory.People // nil: there is none, and nobody in it
	log       zerolog.Logger
	trouble   jobs.Trouble

	mu     sync.Mutex
	paused time.Time // nothing is asked before,
	why    error     // because of this
}

// find returns the person of the directory who has an address, else who has a login. All
// errors are unanswered.
func (p *people) find(ctx context.Context, a address.Address, login string) (user, error) {
	if p.directory == nil || a.IsNull() && login == "" {
		return user{}, nil
	}
	if err := p.pause(); err != nil {
		return user{}, unanswered{err}
	}
	began := time.Now()
	u, err := p.ask(ctx, a, login)
	switch {
	case errors.Is(err, directory.ErrAmbiguous):
		u, err = user{doubt: err.Error()}, nil
	case errors.Is(err, fault.ErrNotFound):
		u, err = user{}, nil
	case err != nil && ctx.Err() != nil:
		return user{}, unanswered{ctx.Err()}
	case err != nil:
		p.rest(err, time.Since(began))
		u, err = user{}, unanswered{err}
	}
	p.report(err)
	return u, err
}

// rest lets nothing be asked for as long as a question took that was not answered: mail
// that the directory keeps waiting takes up half of the time at most.
func (p *people) rest(why error, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused, p.why = time.Now().Add(took), why
}

// pause returns why nothing is asked now, or nil.
func (p *people) pause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.paused) {
		return p.why
	}
	return nil
}

func (p *people) ask(ctx context.Context, a address.Address, login string) (user, error) {
	who, err := directory.Person{}, fault.ErrNotFound
	if !a.IsNull() {
		who, err = p.directory.ByAddress(ctx, a)
	}
	if login != "" && errors.Is(err, fault.ErrNotFound) {
		who, err = p.directory.ByLogin(ctx, login)
	}
	if err != nil {
		return user{}, err
	}
	groups, err := p.directory.GroupsOf(ctx, who)
	u := user{login: directory.LoginPrefix + who.Login, proved: true, person: true}
	for _, g := range groups {
		u.groups = append(u.groups, access.DirectoryGroup{ID: g.ID, Name: g.Name})
	}
	return u, err
}

// report says, once, that the directory does not answer, and once that it does again.
// What it does not answer differs from message to message, and is no news.
func (p *people) report(err error) {
	if err != nil && p.trouble.On() {
		return
	}
	p.trouble.Report(p.log, err, "The directory does not say who sends mail; mail that depends on it waits.", "The directory answers again.")
}
