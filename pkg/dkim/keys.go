package dkim

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// keyTime is how long an answer of the DNS serves: a key that was withdrawn counts no
	// longer than that.
	keyTime = 10 * time.Minute
	maxKeys = 1000
)

// keys looks up keys, and keeps the answers for a while. Failures are not kept.
type keys struct {
	lookup func(ctx context.Context, name string) ([]string, error)

	mu   sync.Mutex
	kept map[string]answer
}

// answer is what the DNS said, and when.
type answer struct {
	texts []string
	none  error // there is no such name; nil: there is
	at    time.Time
}

func newKeys(o Options) *keys {
	k := &keys{lookup: o.Lookup, kept: map[string]answer{}}
	if k.lookup == nil {
		k.lookup = resolver(o.Resolver).LookupTXT
	}
	return k
}

// resolver asks one server, or those of the system.
func resolver(server string) *net.Resolver {
	if server == "" {
		return &net.Resolver{PreferGo: true}
	}
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, server)
		},
	}
}

// find returns the TXT records of a name. Its errors tell the library whether there is no
// such name, or nobody knows.
func (k *keys) find(ctx context.Context, name string) ([]string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	k.mu.Lock()
	a, ok := k.kept[name]
	k.mu.Unlock()
	if ok && time.Since(a.at) < keyTime {
		return a.texts, a.none
	}
	// The dot: no search list of the system's is asked.
	texts, err := k.lookup(ctx, name+".")
	a = answer{texts: texts, at: time.Now()}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		a.none, err = err, nil
	}
	if err != nil {
		return nil, unknown{err}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxKeys {
		clear(k.kept)
	}
	k.kept[name] = a
	return a.texts, a.none
}

// unknown is a failure of the DNS. The library asks for net.Error's word.
type unknown struct{ error }

// Timeout and Temporary implement net.Error.
func (unknown) Timeout() bool   { return true }
func (unknown) Temporary() bool { return true }

func (u unknown) Unwrap() error { return u.error }
