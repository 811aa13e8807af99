package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mailchute/store"
)

// heldJSON is a message held for one recipient.
type heldJSON struct {
	ID        int64     `json:"id"`
	Since     time.Time `json:"since"`
	File      string    `json:"file"`
	MessageID string    `json:"message_id"`
	Sender    string    `json:"sender"`
	Recipient string    `json:"recipient"`
	Library   *string   `json:"library"` // null where none was found
	Reason    string    `json:"reason"`
	Detail    string    `json:"detail"`
	Size      int64     `json:"size"`
}

func newHeldJSON(h store.HeldMail) heldJSON {
	held := heldJSON{
		ID: h.ID, Since: h.Since, File: h.Item.File, MessageID: h.Item.MessageID, Sender: h.Item.Sender, Recipient: h.Outcome.Recipient,
		Reason: string(h.Outcome.Reason), Detail: h.Outcome.Detail, Size: h.Item.Size,
	}
	if h.Outcome.Library != "" {
		held.Library = &h.Outcome.Library
	}
	return held
}

func (h heldJSON) cells() []string {
	return []string{strconv.FormatInt(h.ID, 10), clock(h.Since), h.Sender, or(h.Recipient, "-"), h.Reason, bytesText(h.Size), h.Detail}
}

func (c *cli) heldCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "held",
		Short:   "Held mail: what was not filed, whole, with its reason",
		Example: "  mailchute held list",
	}, c.heldList(), c.heldShow(), c.heldExport(), c.heldRelease(), c.heldRefuse())
}

func (c *cli) heldList() *cobra.Command {
	var wanted heldFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the held mail, oldest first",
		Example: `  mailchute held list --json
  mailchute held list --reason unknown-address --older-than 7d`,
		Args: args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			all, err := f.heldThat(ctx, wanted)
			if err != nil {
				return err
			}
			return c.listHeld(all)
		}),
	}
	wanted.flags(cmd)
	return cmd
}

func (c *cli) listHeld(all []store.HeldMail) error {
	return list(c, columns(">ID", "SINCE", "SENDER", "RECIPIENT", "REASON", ">SIZE", "DETAIL"), "Nothing is held.",
		each(all, func(h store.HeldMail) (heldJSON, error) { return newHeldJSON(h), nil }))
}

// heldShown is all that is known of a held message.
type heldShown struct {
	heldJSON
	State    string  `json:"state"` // held, released, refused or expired
	Feed     string  `json:"feed"`
	Format   string  `json:"format"`
	Rung     string  `json:"rung"`
	Evidence string  `json:"evidence"`
	Login    *string `json:"login"` // null is nobody we know
	Run      string  `json:"run"`
	SHA256   string  `json:"sha256"` // of the drop file
	Swept    bool    `json:"swept"`  // the drop file is not kept any more

	Announced  *time.Time `json:"announced"` // when a sweep first said that it will expire; null: not yet
	Ended      *time.Time `json:"ended"`     // when it was released or refused, or expired; null while it is held
	EndedBy    string     `json:"ended_by"`
	ReleasedTo string     `json:"released_to"` // library
	ReleasedAs string     `json:"released_as"` // author
}

func newHeldShown(h store.HeldMail) heldShown {
	shown := heldShown{
		heldJSON: newHeldJSON(h), State: string(h.State), Feed: h.Item.Feed, Format: h.Item.Format,
		Rung: h.Item.Rung.String(), Evidence: h.Item.Evidence, Run: h.Outcome.Run,
		SHA256: h.Blob.String(), Swept: h.Swept,
		Announced: timeOrNull(h.Announced), Ended: timeOrNull(h.End.At), EndedBy: h.End.Actor,
		ReleasedTo: h.End.Library, ReleasedAs: h.End.Author,
	}
	if h.Item.Login != "" {
		shown.Login = &h.Item.Login
	}
	return shown
}

func (h heldShown) cells() []string {
	library, login := "none", "nobody we know"
	if h.Library != nil {
		library = *h.Library
	}
	if h.Login != nil {
		login = "user:" + *h.Login
	}
	return []string{
		strconv.FormatInt(h.ID, 10), h.state(), clock(h.Since), h.Reason, h.Detail, or(h.Recipient, "-"), library,
		or(h.Sender, "-"), fmt.Sprintf("%s, %s (%s)", login, h.Rung, h.Evidence), or(h.MessageID, "-"),
		fmt.Sprintf("%s, %s, from feed %s (%s)", h.File, bytesText(h.Size), h.Feed, h.Format), h.SHA256, h.Run,
	}
}

// state says where the message stands, and how it came there.
func (h heldShown) state() string {
	switch {
	case h.Ended == nil && h.Announced != nil:
		return fmt.Sprintf("%s; sweeps say since %s that it will expire", h.State, clock(*h.Announced))
	case h.Ended == nil:
		return h.State
	case h.ReleasedTo != "":
		return fmt.Sprintf("%s at %s by %s to library %s, author %s", h.State, clock(*h.Ended), h.EndedBy, h.ReleasedTo, h.ReleasedAs)
	}
	return fmt.Sprintf("%s at %s by %s", h.State, clock(*h.Ended), h.EndedBy)
}

// timeOrNull returns nil for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (c *cli) heldShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show all that is known of a held message",
		Example: "  mailchute held show 7",
		Args:    args("ID"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			h, err := f.heldByID(ctx, args[0])
			if err != nil {
				return err
			}
			return c.show(newHeldShown(h), "Number", "State", "Since", "Reason", "Detail", "Recipient", "Library",
				"Envelope sender", "Sender", "Message-ID", "Drop file", "SHA-256", "Run")
		}),
	}
}

// heldByID returns the held message with that number.
func (f *farm) heldByID(ctx context.Context, id string) (store.HeldMail, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 1 {
		return store.HeldMail{}, noHeldNumber(id)
	}
	h, err := f.HeldByID(ctx, n)
	return h, absent(err, "held mail %d", n)
}

func noHeldNumber(id string) error {
	return usage(fmt.Errorf("%q is no number of held mail: held list shows them", id))
}
