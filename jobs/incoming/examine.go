package incoming

import (
	"context"
	"crypto/sha256"
	"io"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// A sink takes the bytes that f writes somewhere, and returns what f returns.
type sink func(ctx context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error)

// discard is the sink of bytes that nobody will store.
func discard(_ context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error) {
	return f(io.Discard)
}

// keep is the sink that stages. What fails in the store is no fault of the message.
func (a *arrival) keep(ctx context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error) {
	var own error
	c, err := a.stage.Write(ctx, func(w io.Writer) (c message.Content, err error) {
		c, own = f(storeWriter{w})
		return c, own
	})
	if err != nil && own == nil {
		err = outage{err}
	}
	return c, err
}

// storeWriter marks the errors of the store as such.
type storeWriter struct{ w io.Writer }

func (s storeWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		err = outage{err}
	}
	return n, err
}

// body returns the message below the trusted zone.
func body(src io.ReaderAt, size int64, env drop.Envelope) *io.SectionReader {
	return io.NewSectionReader(src, env.Zone, size-env.Zone)
}

// decode decodes every part of a message, those that some library might file into keep.
func decode(ctx context.Context, m *message.Message, keep sink) ([]message.Content, error) {
	contents := make([]message.Content, len(m.Parts))
	for i, part := range m.Parts {
		into := discard
		if library.Candidate(part) {
			into = keep
		}
		var err error
		contents[i], err = into(ctx, func(w io.Writer) (message.Content, error) { return m.Decode(ctx, i, w) })
		if err != nil {
			return nil, err
		}
	}
	return contents, nil
}

// plan fills the plans of the allowed verdicts in. The original is written into keep
// once, where any of them files it.
func plan(ctx context.Context, m *message.Message, contents []message.Content, who access.Sender, vs []verdict, keep sink) error {
	a := library.Arrival{Message: m, Contents: contents, Original: message.Content{Size: m.Size}}
	for i := range vs {
		if vs[i].allowed() {
			vs[i].planFor(a, who)
		}
	}
	var original message.Content
	for _, v := range vs {
		for i, d := range v.plan.Drafts {
			if d.Part != "" {
				continue
			}
			if original.Digest.IsZero() {
				var err error
				original, err = keep(ctx, func(w io.Writer) (message.Content, error) { return m.Original(ctx, w) })
				if err != nil {
					return err
				}
			}
			v.plan.Drafts[i].Content = original
		}
	}
	return nil
}

// copyAll copies everything in r, with its digest.
func copyAll(ctx context.Context, w io.Writer, r io.Reader) (message.Content, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), reader{ctx, r})
	return message.Content{Size: n, Digest: message.Digest(h.Sum(nil))}, err
}
