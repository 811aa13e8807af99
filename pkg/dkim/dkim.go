// Package dkim verifies the DKIM signatures of messages (RFC 6376), for feeds whose mail
// system writes no Authentication-Results. The keys come from the DNS, by way of a cache.
// Where the DNS gives no answer, that is said of the signature: it is never a pass, and
// never the same as no signature.
package dkim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// Options say how keys are looked up. Zero fields have the defaults of their comments.
type Options struct {
	Resolver string        // host:port of a DNS server; "": those of the system
	Timeout  time.Duration // for all keys of one message; 5 s
	// Lookup answers for the DNS, as net.Resolver.LookupTXT does; nil: the DNS.
	Lookup func(ctx context.Context, name string) ([]string, error)
}

// Signature is what became of one signature.
type Signature struct {
	Domain string // that signs (d=); whatever the signature says, where it does not pass
	Pass   bool
	// Unknown: the DNS gave no answer. Try again later.
	Unknown bool
	Why     string // it does not pass, for people; a part of it is the sender's text
}

// Verifier verifies signatures. It is safe for concurrent use.
type Verifier struct {
	keys    *keys
	timeout time.Duration
}

// New returns a Verifier with an empty cache.
func New(o Options) *Verifier {
	v := &Verifier{keys: newKeys(o), timeout: o.Timeout}
	if v.timeout == 0 {
		v.timeout = 5 * time.Second
	}
	return v
}

// maxSignatures is how many signatures of a message are looked at, from its top.
const maxSignatures = 5

// Verify reads a message and says of each of its first five signatures whether it passes.
// A signature passes only where it covers From and the whole body (no l=), has not
// expired, and was made with a key of 1,024 bits or more that is in the DNS. No
// signature passes of a message with a header of more than 64 KiB, or with more than 64 KiB
// of white space in one piece. Errors are those of r and of the context.
func (v *Verifier) Verify(ctx context.Context, r io.Reader) ([]Signature, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	in := &guard{r: r, ctx: ctx}
	found, err := dkim.VerifyWithOptions(in, &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			return v.keys.find(asking, name)
		},
	})
	switch {
	case in.err != nil:
		return nil, in.err
	case err != nil && !errors.Is(err, dkim.ErrTooManySignatures) && len(found) == 0:
		return []Signature{{Why: plain(err)}}, nil
	}
	var all []Signature
	for _, f := range found {
		all = append(all, verdict(f, in.refused))
	}
	return all, nil
}

// verdict says what became of a signature; refused is why none of the message's passes.
func verdict(f *dkim.Verification, refused string) Signature {
	s := Signature{Domain: f.Domain}
	switch {
	case refused != "":
		s.Why = refused
	case f.Err != nil:
		s.Unknown, s.Why = dkim.IsTempFail(f.Err), plain(f.Err)
	default:
		s.Pass = true
	}
	return s
}

func plain(err error) string { return strings.TrimPrefix(err.Error(), "dkim: ") }

// The bounds of what is verified. The library takes time that grows with the square of
// what folds a field, and of white space that may be the body's end.
const (
	maxHeader = 64 << 10
	maxBlank  = 64 << 10
)

// guard passes a message on to the library. What goes wrong ends the message there, and is
// told here: the library would leave goroutines behind.
type guard struct {
	r   io.Reader
	ctx context.Context // of the one call of Verify

	err     error  // of r and of the context
	refused string // why no signature can pass

	read   int64
	body   bool // the header has ended
	line   int  // bytes of the line in hand, its end left out
	blanks int  // white space in one piece
}

// Read implements io.Reader; its only error is io.EOF.
func (g *guard) Read(p []byte) (int, error) {
	if g.err != nil || g.refused != "" {
		return 0, io.EOF
	}
	n, err := g.r.Read(p)
	if err == nil {
		err = g.ctx.Err()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		g.err = err
		return 0, io.EOF
	}
	for _, c := range p[:n] {
		if g.next(c); g.refused != "" {
			return 0, io.EOF
		}
	}
	return n, err
}

func (g *guard) next(c byte) {
	g.read++
	switch c {
	case '\n':
		g.body = g.body || g.line == 0
		g.line = 0
	case '\r':
	default:
		g.line++
	}
	if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
		g.blanks++
	} else {
		g.blanks = 0
	}
	switch {
	case !g.body && g.read > maxHeader:
		g.refused = fmt.Sprintf("the message's header has more than %d bytes", maxHeader)
	case g.body && g.blanks > maxBlank:
		g.refused = fmt.Sprintf("the message has more than %d bytes of white space in one piece", maxBlank)
	}
}
