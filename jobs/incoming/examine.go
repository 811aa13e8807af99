package incoming

import (
	"context"
	"crypto/sha256"
	"io"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// A sink takes the bytes that f writes somewhere, and returns what f returns.
type sink func(ctx context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error)

// discard is the sink of bytes that nobody will store.
func discard(_ context.Context, f func(io.Writer) (message.Content, error)) (message.Content, error) {
	return f(io.Discard)
}

// examination is what a message is found to be, by the job and by Explain alike: who sent
// it, what is decided for each recipient, and its parts.
type examination struct {
	policy   access.Policy
	env      drop.Envelope
	who      access.Sender
	verdicts []verdict
	msg      *message.Message // its header alone where it is over the limits; nil where it could not be read
	contents []message.Content
}

// parse walks and decodes the message.
func (x *examination) parse(ctx context.Context, p *message.Parser, in *io.SectionReader, keep sink) error {
	if err := x.walk(ctx, p, in); err != nil {
		return err
	}
	return x.decode(ctx, keep)
}

// walk finds the message's parts.
func (x *examination) walk(ctx context.Context, p *message.Parser, in *io.SectionReader) (err error) {
	if x.msg, err = p.Parse(ctx, in, in.Size()); err != nil {
		return err
	}
	return x.checkDocuments()
}

// maxDocuments is how many documents a message may become in several libraries together.
// In a single one it may become as many as it has parts.
const maxDocuments = 10_000

// checkDocuments refuses a message that would become too many: few parts times few
// recipients are much to keep in memory, and to write in one transaction.
func (x *examination) checkDocuments() error {
	libraries, files := x.allowed(), x.files()
	if libraries > 1 && files*libraries > maxDocuments {
		return fault.Markf(fault.Poison, fault.OverLimits,
			"its %d files would become %d documents in %d libraries, over the limit of %d: release it for one recipient after the other",
			files, files*libraries, libraries, maxDocuments)
	}
	return nil
}

// files returns how many parts some library might file.
func (x *examination) files() (n int) {
	for _, part := range x.msg.Parts {
		if library.Candidate(part) {
			n++
		}
	}
	return n
}

// decode decodes the parts, those that some library might file into keep. Where no
// recipient is allowed, nothing is kept.
func (x *examination) decode(ctx context.Context, keep sink) (err error) {
	if x.allowed() == 0 {
		keep = discard
	}
	x.contents = make([]message.Content, len(x.msg.Parts))
	for i, part := range x.msg.Parts {
		into := discard
		if library.Candidate(part) {
			into = keep
		}
		x.contents[i], err = into(ctx, func(w io.Writer) (message.Content, error) { return x.msg.Decode(ctx, i, w) })
		if err != nil {
			return err
		}
	}
	return nil
}

// allowed returns for how many recipients the message is filed.
func (x *examination) allowed() (n int) {
	for _, v := range x.verdicts {
		if v.allowed() {
			n++
		}
	}
	return n
}

// plan lets the libraries of the allowed recipients say what documents the message
// becomes. The original is written into keep once, where any of them files it.
func (x *examination) plan(ctx context.Context, keep sink) error {
	a := library.Arrival{Message: x.msg, Contents: x.contents, Original: message.Content{Size: x.msg.Size}}
	var original message.Content
	for i := range x.verdicts {
		v := &x.verdicts[i]
		if !v.allowed() {
			continue
		}
		v.planFor(a, x.who)
		for k := range v.plan.Drafts {
			if v.plan.Drafts[k].Part != "" {
				continue
			}
			if original.Digest.IsZero() {
				var err error
				original, err = keep(ctx, func(w io.Writer) (message.Content, error) { return x.msg.Original(ctx, w) })
				if err != nil {
					return err
				}
			}
			v.plan.Drafts[k].Content = original
		}
	}
	return nil
}

// refuse rejects the message for those recipients that would have got it: it cannot be
// read, and never will be.
func (x *examination) refuse(reason fault.Reason, detail string) {
	for i := range x.verdicts {
		v := &x.verdicts[i]
		if v.allowed() {
			v.decision, v.plan = access.Decision{Reason: reason, Detail: detail}, library.Planned{}
		}
	}
}

// body returns the message below the trusted zone.
func body(src io.ReaderAt, size int64, env drop.Envelope) *io.SectionReader {
	return io.NewSectionReader(src, env.Zone, size-env.Zone)
}

// copyAll copies everything in r, with its digest.
func copyAll(ctx context.Context, w io.Writer, r io.Reader) (message.Content, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), reader{ctx, r})
	return message.Content{Size: n, Digest: message.Digest(h.Sum(nil))}, err
}
