package incoming

import (
	"context"
	"errors"
	"strings"
	"sync"

	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// judge answers, for one recipient at a time, whether a message may be filed and where.
// It keeps what the catalog told it about the farm, and nothing that the directory said,
// which may change at any time. It is safe for concurrent use.
type judge struct {
	store   *store.Store
	people  *people
	domains map[string]bool // folded
	asOf    int64           // the last change when it began: nothing that it keeps is older

	policies answers[access.Policy]
	users    answers[user]            // by address as written: how it is written proves its sender
	owners   answers[store.Addressee] // by folded local part
	levels   answers[access.Level]    // by login and library
}

func newJudge(s *store.Store, p *people, domains []string) *judge {
	j := &judge{store: s, people: p, domains: map[string]bool{}}
	for _, d := range domains {
		j.domains[address.FoldDomain(d)] = true
	}
	return j
}

func (j *judge) policy(ctx context.Context) (access.Policy, error) {
	return j.policies.get("", func() (access.Policy, error) { return j.store.Policy(ctx) })
}

func (j *judge) ownerOf(ctx context.Context, local string) (store.Addressee, error) {
	return j.owners.get(address.FoldLocal(local), func() (store.Addressee, error) {
		return orNobody(j.store.At(ctx, local))
	})
}

// isNobody reports whether nobody has a local part.
func isNobody(a store.Addressee) bool { return a.Library.Name == "" && a.Why == "" }

// addressee returns who gets the mail of an address in a domain of ours: whoever has its
// whole local part, which may also be reserved, else whoever has what stands before the
// detail (RFC 5233 §1). The detail is "" where the whole is somebody's.
func (j *judge) addressee(ctx context.Context, to address.Address) (a store.Addressee, detail string, err error) {
	if a, err = j.ownerOf(ctx, to.Local); err != nil || !isNobody(a) {
		return a, "", err
	}
	base, detail := to.Detail()
	if base == to {
		return a, "", nil
	}
	a, err = j.ownerOf(ctx, base.Local)
	return a, detail, err
}

func (j *judge) levelOf(ctx context.Context, who access.Sender, l library.Library) (access.Level, error) {
	if who.Person {
		return j.store.LevelOf(ctx, who.Login, l, who.Principals()...)
	}
	return j.levels.get(who.Login+" "+l.Name, func() (access.Level, error) { return j.store.LevelOf(ctx, who.Login, l) })
}

// orNobody makes an answer of what was not found: the zero value.
func orNobody[V any](v V, err error) (V, error) {
	if errors.Is(err, fault.ErrNotFound) {
		var nobody V
		return nobody, nil
	}
	return v, err
}

// Addresses are what strangers write. Without bounds, theirs would fill the memory: so many
// answers of a kind are kept, and none about an address longer than RFC 5321 §4.5.3.1 has them.
const (
	maxAnswers = 4096
	maxKey     = 64 + 1 + 255
)

// answers keeps what look-ups found, and forgets all of it when there is too much.
type answers[V any] struct {
	mu   sync.Mutex
	kept map[string]V
}

// get returns the answer for key, from look where there is none. Errors are not kept.
func (a *answers[V]) get(key string, look func() (V, error)) (V, error) {
	a.mu.Lock()
	v, ok := a.kept[key]
	a.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := look()
	if err != nil || len(key) > maxKey {
		return v, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil || len(a.kept) >= maxAnswers {
		a.kept = map[string]V{}
	}
	a.kept[strings.Clone(key)] = v // it may be a piece of a long line
	return v, nil
}

// judges appoints a new judge after each change of the farm's configuration: no message is
// judged by what was over before its turn came.
type judges struct {
	store   *store.Store
	people  *people
	domains []string

	mu      sync.Mutex
	current *judge
}

// next returns the judge of the next message.
func (js *judges) next(ctx context.Context) (*judge, error) {
	last, err := js.store.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	// A judge that began after it was read is as good under a smaller number.
	if js.current == nil || js.current.asOf != last {
		js.current = newJudge(js.store, js.people, js.domains)
		js.current.asOf = last
	}
	return js.current, nil
}
