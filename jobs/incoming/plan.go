package incoming

import (
	"context"
	"io"
	"slices"

	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// plan lets the libraries of the allowed recipients say what documents the message
// becomes. What nobody knows before they do, the original and texts in UTF-8, is written
// into keep once, however many file it.
func (x *examination) plan(ctx context.Context, keep sink) error {
	a := library.Arrival{
		Message: x.msg, Contents: x.contents, Original: message.Content{Size: x.msg.Size},
		Received: x.received, Released: x.released,
	}
	late := lateContents{msg: x.msg, keep: keep}
	for i := range x.verdicts {
		v := &x.verdicts[i]
		if !v.allowed() {
			continue
		}
		if err := late.header(ctx, v); err != nil {
			return err
		}
		v.planFor(a, x.who)
		if !x.explained {
			v.plan.LeftOut = nil // a hundred libraries leave out ten thousand signatures each
		}
		for k := range v.plan.Drafts {
			if err := late.complete(ctx, &v.plan.Drafts[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// lateContents are contents that are made when the first library asks for them.
type lateContents struct {
	msg      *message.Message
	keep     sink
	original message.Content            // zero: not made yet
	texts    map[string]message.Content // by the ID of the part
	block    *string                    // the message's whole header; nil: not read yet
}

// header gives a verdict the message's header, where its library keeps that.
func (l *lateContents) header(ctx context.Context, v *verdict) error {
	if !v.library.Settings.SaveHeaders {
		return nil
	}
	if l.block == nil {
		block, err := l.msg.HeaderText(ctx)
		if err != nil {
			return err
		}
		l.block = &block
	}
	v.header = *l.block
	return nil
}

// complete gives a draft its content, where Plan has left that to us.
func (l *lateContents) complete(ctx context.Context, d *library.Draft) (err error) {
	switch {
	case d.Text:
		d.Content, err = l.text(ctx, d.Part)
	case d.Part == "":
		d.Content, err = l.whole(ctx)
	}
	return err
}

// whole is the content of the original.
func (l *lateContents) whole(ctx context.Context) (_ message.Content, err error) {
	if l.original.Digest.IsZero() {
		l.original, err = l.keep(ctx, func(w io.Writer) (message.Content, error) { return l.msg.Original(ctx, w) })
	}
	return l.original, err
}

// text is the content of a part's text in UTF-8.
func (l *lateContents) text(ctx context.Context, part string) (message.Content, error) {
	if c, ok := l.texts[part]; ok {
		return c, nil
	}
	i := slices.IndexFunc(l.msg.Parts, func(p message.Part) bool { return p.ID == part })
	c, err := l.keep(ctx, func(w io.Writer) (message.Content, error) { return l.msg.DecodeText(ctx, i, w) })
	if err != nil {
		return c, err
	}
	if l.texts == nil {
		l.texts = map[string]message.Content{}
	}
	l.texts[part] = c
	return c, nil
}
