package incoming

import (
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"time"

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
	received time.Time // when the drop file was written last
	released bool      // an operator has decided that the message is filed
	unproved bool      // the verdicts are those of nobody: what would prove the sender could not be asked
	// explained: nothing is filed; what libraries leave out is listed.
	explained bool
}

// walk finds the message's parts.
func (x *examination) walk(ctx context.Context, p *message.Parser, in *io.SectionReader) (err error) {
	x.msg, err = p.Parse(ctx, in, in.Size())
	return err
}

// maxDocuments is how many documents a message may become for several recipients together.
// For a single one it may become as many as it has parts.
const maxDocuments = 10_000

// checkDocuments refuses a message that would become too many: few parts times few
// recipients are much to keep in memory, and to write in one transaction.
func (x *examination) checkDocuments() error {
	recipients, documents := x.allowed(), x.documents()
	if recipients > 1 && documents > maxDocuments {
		return fault.Markf(fault.Poison, fault.OverLimits,
			"it would become %d documents for %d recipients, over the limit of %d: release it for one after the other",
			documents, recipients, maxDocuments)
	}
	return nil
}

// documents returns how many documents the message may become for all recipients together,
// originals left out.
func (x *examination) documents() (n int) {
	files := map[library.Body]int{}
	for _, v := range x.verdicts {
		if !v.allowed() {
			continue
		}
		body := v.library.Settings.SaveBody
		if _, ok := files[body]; !ok {
			files[body] = x.files(v.library.Settings)
		}
		n += files[body]
	}
	return n
}

// files returns how many parts a library with these settings might file.
func (x *examination) files(s library.Settings) (n int) {
	for _, part := range x.msg.Parts {
		if s.MayFile(part) {
			n++
		}
	}
	return n
}

// decode decodes the parts, those that some library might file into keep. Where no
// recipient is allowed, nothing is kept, and only what the item key needs is decoded. A
// message that would become too many documents is refused.
func (x *examination) decode(ctx context.Context, keep sink) (err error) {
	if err := x.checkDocuments(); err != nil {
		return err
	}
	nobody, plain, sniffed := x.allowed() == 0, x.msg.Decode, x.msg.Decode
	if nobody {
		keep = discard
	}
	if x.blocksTypes() {
		sniffed = x.sniff
	}
	x.contents = make([]message.Content, len(x.msg.Parts))
	for i, part := range x.msg.Parts {
		if nobody && part.Within != "" {
			continue
		}
		into, decode := discard, plain
		if library.Candidate(part) {
			into, decode = keep, sniffed
		}
		x.contents[i], err = into(ctx, func(w io.Writer) (message.Content, error) { return decode(ctx, i, w) })
		if err != nil {
			return err
		}
	}
	return nil
}

// sniff decodes a part, and looks at what its bytes are.
func (x *examination) sniff(ctx context.Context, i int, w io.Writer) (message.Content, error) {
	s := message.Sniffer{W: w}
	c, err := x.msg.Decode(ctx, i, &s)
	if err == nil {
		c.Detected = s.Detected()
	}
	return c, err
}

// blocksTypes reports whether it matters to anybody what the files are.
func (x *examination) blocksTypes() bool {
	return slices.ContainsFunc(x.verdicts, func(v verdict) bool {
		return v.allowed() && len(v.library.Settings.BlockedTypes) > 0
	})
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

// refuse rejects the message for those recipients that would have got it, or might have if
// we had found out who sent it: it cannot be read, and never will be.
func (x *examination) refuse(reason fault.Reason, detail string) {
	for i := range x.verdicts {
		v := &x.verdicts[i]
		if v.allowed() || x.unproved && isOfSender(v.decision.Reason) {
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
