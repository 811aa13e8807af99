package incoming

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"mailchute/pkg/access"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
	"mailchute/store"
)

// Explanation says what the job would do with a drop file, and why. Its JSON is a
// contract (COMMANDS.md).
type Explanation struct {
	File      string `json:"file"`
	Format    string `json:"format"`
	MessageID string `json:"message_id"`
	// Reason and Detail are set where the envelope cannot be read; the file would be held.
	Reason     fault.Reason           `json:"reason,omitempty"`
	Detail     string                 `json:"detail,omitempty"`
	Envelope   ExplainedEnvelope      `json:"envelope"`
	Sender     ExplainedSender        `json:"sender"`
	Recipients []RecipientExplanation `json:"recipients"`
	// Notes say what was found out about single parts: that one was opened, or is broken.
	Notes []string `json:"notes,omitempty"`
	// Lines are those that say, or pretend to say, whom the message is from and to.
	Lines []drop.Line `json:"lines"`
}

// ExplainedEnvelope is what the MTA's own lines say.
type ExplainedEnvelope struct {
	Sender     string   `json:"sender"` // "" is the null sender
	Recipients []string `json:"recipients"`
	Source     string   `json:"source"` // the field that names the recipients
}

// ExplainedSender is who sent the message, and how sure we are.
type ExplainedSender struct {
	Address   string      `json:"address"`
	Rung      access.Rung `json:"rung"`
	Evidence  string      `json:"evidence"`
	Principal *string     `json:"principal"` // "user:alice"; null is nobody
}

// RecipientExplanation is the decision for one recipient.
type RecipientExplanation struct {
	Address   string              `json:"address"`
	Library   *string             `json:"library"` // null where none was found
	Decision  string              `json:"decision"`
	Reason    fault.Reason        `json:"reason"`
	Detail    string              `json:"detail"`
	Author    string              `json:"author"`
	Skipped   int                 `json:"skipped,omitempty"`
	Documents []ExplainedDocument `json:"documents"`
	LeftOut   []ExplainedLeftOut  `json:"left_out,omitempty"` // Skipped counts all of it but the original
	Standing
}

// ExplainedDocument is a document that the message would become. Its name may get a
// number when it is filed, where the folder has one of that name.
type ExplainedDocument struct {
	Folder       string         `json:"folder"`
	Name         string         `json:"name"`
	OriginalName string         `json:"original_name"`
	ContentType  string         `json:"content_type"`
	Size         int64          `json:"size"`
	SHA256       message.Digest `json:"sha256"`
	Part         string         `json:"part"` // "" is the original message
	Damaged      string         `json:"damaged,omitempty"`
}

// ExplainedLeftOut is a part that the library does not want.
type ExplainedLeftOut struct {
	Part string `json:"part"`
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Explain says what the job would do with a drop file, by the job's own code, and
// changes nothing. The file is read as the named feed reads (fault.ErrNotFound where there
// is none), else in the named format, where nobody vouches for senders, else as the feed
// does whose folder it is in: fault.ErrInvalid where it is in none.
func Explain(ctx context.Context, o Options, file, format, feed string) (Explanation, error) {
	x := Explanation{
		File: file, Envelope: ExplainedEnvelope{Recipients: []string{}}, Recipients: []RecipientExplanation{},
		Lines: []drop.Line{},
	}
	from, err := feedFor(o, file, format, feed)
	if err != nil {
		return x, err
	}
	f, err := from.reads()
	if err != nil {
		return x, err
	}
	x.Format = f.Name
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return x, err
	}
	defer dir.Close() //nolint:errcheck // nothing was written
	src, err := dir.Open(filepath.Base(file))
	if err != nil {
		return x, err
	}
	defer src.Close() //nolint:errcheck // nothing was written
	info, err := src.Stat()
	if err != nil {
		return x, err
	}
	err = x.explain(ctx, o, src, info, f, o.ladderOf(from))
	if class := fault.Of(err); class == fault.Permanent || class == fault.Poison {
		x.Reason, x.Detail = fault.ReasonOf(err), err.Error()
		return x, nil
	}
	return x, err
}

// explain does what process does, without keeping anything.
func (x *Explanation) explain(ctx context.Context, o Options, src durable.File, info fs.FileInfo, f drop.Format, l ladder) (err error) {
	e, size := examination{received: info.ModTime(), explained: true}, info.Size()
	judge := o.judge()
	if e.policy, err = judge.policy(ctx); err != nil {
		return err
	}
	if e.env, x.Lines, err = drop.Trace(src, size, f); err != nil {
		return err
	}
	in := body(src, size, e.env)
	broken := e.walk(ctx, message.NewParser(o.Limits), in)
	if err := judge.decide(ctx, l, &e, in); err != nil {
		return err
	}
	if err = broken; err == nil {
		err = e.decode(ctx, discard)
	}
	if err == nil {
		err = e.checkRate(ctx, o.Store)
	}
	if err == nil {
		err = e.plan(ctx, discard)
	}
	if class := fault.Of(err); class == fault.Permanent || class == fault.Poison {
		e.refuse(fault.ReasonOf(err), err.Error())
	} else if err != nil {
		return err
	}
	x.describe(&e)
	return x.retrace(ctx, judge, &e)
}

// describe fills in what was found.
func (x *Explanation) describe(e *examination) {
	x.Envelope.Sender, x.Envelope.Source = e.env.Sender.String(), e.env.Source
	x.Sender = ExplainedSender{Address: e.who.Address.String(), Rung: e.who.Rung, Evidence: e.who.Evidence}
	if e.who.Login != "" {
		principal := access.UserPrincipal(e.who.Login).String()
		x.Sender.Principal = &principal
	}
	if e.msg != nil {
		x.MessageID, x.Notes = e.msg.Header.MessageID, e.notes()
	}
	has := map[string]string{} // by library: for whom it has the message
	for _, v := range e.verdicts {
		r := explainVerdict(v, e.policy)
		if first := has[v.library.Name]; v.allowed() && first != "" {
			r.Detail, r.Documents = "filed with "+first, []ExplainedDocument{}
		} else if v.allowed() {
			has[v.library.Name] = r.Address
		}
		x.Envelope.Recipients = append(x.Envelope.Recipients, r.Address)
		x.Recipients = append(x.Recipients, r)
	}
}

func explainVerdict(v verdict, policy access.Policy) RecipientExplanation {
	d := v.decided(policy)
	r := RecipientExplanation{
		Address: v.recipient.String(), Reason: d.Reason, Detail: d.Detail, Author: d.Author, Skipped: d.Skipped,
		Decision: map[store.State]string{store.Filed: "file", store.Held: "hold", store.Deleted: "delete"}[d.State],
	}
	if d.Library != "" {
		r.Library = &d.Library
	}
	r.Documents = explainDrafts(d.Drafts)
	for _, l := range v.plan.LeftOut {
		r.LeftOut = append(r.LeftOut, ExplainedLeftOut{Part: l.Part, Name: l.Name, Why: l.Why})
	}
	return r
}

// notes says what is remarkable about the message and its parts.
func (x *examination) notes() (all []string) {
	if x.msg.Malformed != "" {
		all = append(all, "the message: "+x.msg.Malformed)
	}
	for i, part := range x.msg.Parts {
		switch {
		case part.Broken != "":
			all = append(all, fmt.Sprintf("part %s: opened as %s, but %s", part.ID, part.Opened, part.Broken))
		case part.Opened != "":
			all = append(all, fmt.Sprintf("part %s: opened as %s", part.ID, part.Opened))
		}
		if i < len(x.contents) && x.contents[i].Damaged != "" {
			all = append(all, fmt.Sprintf("part %s: %s", part.ID, x.contents[i].Damaged))
		}
	}
	return all
}

func explainDrafts(drafts []library.Draft) []ExplainedDocument {
	docs := make([]ExplainedDocument, 0, len(drafts))
	for _, d := range drafts {
		docs = append(docs, ExplainedDocument{
			Folder: d.Folder, Name: d.Name, OriginalName: d.OriginalName, ContentType: d.ContentType,
			Size: d.Content.Size, SHA256: d.Content.Digest, Part: d.Part, Damaged: d.Content.Damaged,
		})
	}
	return docs
}

// feedFor returns the named feed, or one that reads the named format and vouches for
// nobody, or the feed whose folder the file is in.
func feedFor(o Options, file, format, feed string) (Feed, error) {
	if feed != "" {
		i := slices.IndexFunc(o.Feeds, func(f Feed) bool { return f.Name == feed })
		if i < 0 {
			return Feed{}, fmt.Errorf("feed %q: %w", feed, fault.ErrNotFound)
		}
		return o.Feeds[i], nil
	}
	if format != "" {
		return Feed{Format: format}, nil
	}
	at, err := os.Stat(filepath.Dir(file))
	if err != nil {
		return Feed{}, err
	}
	for _, feed := range o.Feeds {
		for _, dir := range []string{feed.Path, filepath.Join(feed.Path, "new"), filepath.Join(feed.Path, "cur")} {
			if info, err := os.Stat(dir); err == nil && os.SameFile(info, at) {
				return feed, nil
			}
		}
	}
	return Feed{}, fmt.Errorf("%s lies in no feed's folder: name its feed with --feed or its format with --format: %w", file, fault.ErrInvalid)
}
