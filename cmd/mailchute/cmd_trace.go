package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mailchute/pkg/fault"
	"mailchute/pkg/text"
	"mailchute/store"
)

func (c *cli) traceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "trace MESSAGE-ID|FILE|KIND:NAME",
		Short: "Tell everything known of a message, or of what is published",
		Long: `Finds the messages with a Message-ID, in angle brackets or without, or with the name of
a drop file (of a path, the last part counts). For each it tells when which run processed
it, what became of it for each recipient, what is held and which documents it became.

group:NAME, library:NAME, request:NUMBER and contact:ALIAS (of another farm) tell of the directory: who
asked for what and who decided, and each write to the directory, with what was there before.`,
		Example: `  mailchute trace '<5f3a@client.example>'
  mailchute trace message.eml --json
  mailchute trace group:team`,
		Args: args("MESSAGE-ID, FILE or KIND:NAME"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			if kind, name, ok := isPublished(args[0]); ok {
				return c.tracePublished(ctx, f, kind, name)
			}
			all, err := f.Trace(ctx, args[0])
			if name := filepath.Base(args[0]); errors.Is(err, fault.ErrNotFound) && name != args[0] {
				all, err = f.Trace(ctx, name)
			}
			if err != nil {
				return absent(err, "message with the Message-ID or file name %q", args[0])
			}
			for _, h := range all {
				if err := c.printHistory(f, h); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// traceJSON is one thing that is known of a message. What says which fields it has.
type traceJSON struct {
	At        time.Time `json:"at"`
	What      string    `json:"what"` // processed, outcome, held, released, refused, expired or document
	Key       string    `json:"key"`  // tells messages apart; "" for a file that could not be read
	MessageID string    `json:"message_id"`
	Run       string    `json:"run,omitempty"`
	File      string    `json:"file,omitempty"`
	Feed      string    `json:"feed,omitempty"`
	ID        int64     `json:"id,omitempty"` // of held mail
	Sender    string    `json:"sender,omitempty"`
	Rung      string    `json:"rung,omitempty"`
	Recipient string    `json:"recipient,omitempty"`
	Waiting   []string  `json:"waiting,omitempty"` // recipients
	State     string    `json:"state,omitempty"`
	Actor     string    `json:"actor,omitempty"`
	Library   string    `json:"library,omitempty"`
	Author    string    `json:"author,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Documents int       `json:"documents,omitempty"`
	Folder    string    `json:"folder,omitempty"`
	Name      string    `json:"name,omitempty"`
	Version   int       `json:"version,omitempty"`
	Size      int64     `json:"size,omitempty"`
	SHA256    string    `json:"sha256,omitempty"`
	Path      string    `json:"path,omitempty"`
}

func (t traceJSON) cells() []string {
	var said string
	switch t.What {
	case "processed":
		said = fmt.Sprintf("%s from feed %s: %s, %s", t.File, t.Feed, t.State, count(t.Documents, "document"))
		if len(t.Waiting) > 0 {
			said += "; waiting: " + enumerate(t.Waiting)
		}
	case "outcome":
		said = fmt.Sprintf("%s for %s", t.State, or(t.Recipient, "everybody"))
		if t.Library != "" {
			said += ", library " + t.Library
		}
		if t.Documents > 0 {
			said += ", " + count(t.Documents, "document")
		}
		if t.Reason != "" {
			said += ", " + t.Reason
		}
	case "held":
		said = fmt.Sprintf("number %d for %s: %s", t.ID, or(t.Recipient, "everybody"), t.State)
	case "released", "refused", "expired":
		said = fmt.Sprintf("number %d, by %s", t.ID, t.Actor)
		if t.Library != "" {
			said += ", to library " + t.Library + ", author " + t.Author
		}
	case "document":
		said = fmt.Sprintf("version %d, %s: %s", t.Version, bytesText(t.Size), or(t.Path, t.Library+"/"+t.Name+", not the current version"))
	}
	if t.Detail != "" {
		said += " (" + t.Detail + ")"
	}
	return []string{clock(t.At), t.What, or(t.Run, "-"), said}
}

// printHistory prints what is known of a message in the order in which it happened.
func (c *cli) printHistory(f *farm, h store.History) error {
	events := f.traceOf(h)
	if !c.json {
		if err := c.printMessage(h); err != nil {
			return err
		}
	}
	return list(c, columns("AT", "WHAT", "RUN", "DETAIL"), "", each(events, func(t traceJSON) (traceJSON, error) { return t, nil }))
}

// printMessage says which message it is.
func (c *cli) printMessage(h store.History) error {
	if h.Item.Key.IsZero() {
		_, err := fmt.Fprintln(c.out, "No recipient has an outcome yet.")
		return err
	}
	it := h.Item
	_, err := fmt.Fprintf(c.out, "%s  %s from %s\n  sender   %s, %s (%s)\n  size     %s\n  key      %s\n",
		c.paintFor(c.out).bold("Message"), text.Safe(or(it.MessageID, "without Message-ID")), text.Safe(or(it.Sender, "nobody")),
		text.Safe(or(it.Login, "nobody we know")), it.Rung, text.Safe(it.Evidence), bytesText(it.Size), it.Key)
	return err
}

// traceOfHeld returns how a message came to be held, and how that ended.
func traceOfHeld(h store.HeldMail) []traceJSON {
	held := traceJSON{
		At: h.Since, What: "held", MessageID: h.Item.MessageID, ID: h.ID,
		Recipient: h.Outcome.Recipient, State: string(h.State), SHA256: h.Blob.String(),
	}
	if h.State == store.HeldWaiting {
		return []traceJSON{held}
	}
	return []traceJSON{held, {
		At: h.End.At, What: string(h.State), MessageID: h.Item.MessageID, ID: h.ID,
		Recipient: h.Outcome.Recipient, Actor: h.End.Actor, Library: h.End.Library, Author: h.End.Author,
	}}
}

// traceOf returns what is known of a message, the oldest first.
func (f *farm) traceOf(h store.History) []traceJSON {
	var all []traceJSON
	for _, p := range h.Seen {
		all = append(all, traceJSON{
			At: p.At, What: "processed", MessageID: p.MessageID, Run: p.Run, File: p.File, Feed: p.Feed,
			State: string(p.State), Documents: p.Documents, Waiting: p.Waiting, Detail: p.Detail,
		})
	}
	for _, o := range h.Outcomes {
		all = append(all, traceJSON{
			At: o.At, What: "outcome", MessageID: h.Item.MessageID, Run: o.Run, Sender: h.Item.Sender, Rung: h.Item.Rung.String(),
			Recipient: o.Recipient, State: string(o.State), Library: o.Library, Reason: string(o.Reason), Detail: o.Detail, Documents: o.Documents,
		})
	}
	for _, held := range h.Held {
		all = append(all, traceOfHeld(held)...)
	}
	for _, d := range h.Documents {
		t := traceJSON{
			At: d.Created, What: "document", MessageID: h.Item.MessageID, Library: d.Library, Folder: d.Folder, Name: d.Name,
			Version: d.Version, Size: d.Content.Size, SHA256: d.Content.Digest.String(),
		}
		if d.TreePath != "" {
			t.Path = f.treePath(d.TreePath)
		}
		all = append(all, t)
	}
	for i := range all {
		if !h.Key.IsZero() {
			all[i].Key = h.Key.String()
		}
	}
	slices.SortStableFunc(all, func(a, b traceJSON) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	return all
}
