package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
	"mailchute/store"
)

// heldResult is what release or refuse did with a held message.
type heldResult struct {
	ID        int64    `json:"id"`
	Result    string   `json:"result"` // released, refused or expired (by now, or before), held, or absent
	Done      bool     `json:"done"`   // by this command; after a dry run: it would be
	Library   string   `json:"library,omitempty"`
	Author    string   `json:"author,omitempty"`
	Documents []string `json:"documents,omitempty"` // paths below the library
	Skipped   int      `json:"skipped,omitempty"`   // parts that the library does not want
	Reason    string   `json:"reason,omitempty"`    // why it stays held
	Detail    string   `json:"detail,omitempty"`
}

const choiceHelp = `

Choose held mail by numbers, by filters, or with --all. Each message is dealt with by itself,
and said of each. Exit code 5: something stays held, standard error says why; 3: a number
has no held mail; 4: it was released, refused or has expired already.`

func (c *cli) heldRelease() *cobra.Command {
	var choice heldChoice
	var by incoming.Override
	var as string
	cmd := &cobra.Command{
		Use:   "release ID…",
		Short: "File held mail after all, on record",
		Long: `Files held mail as the job would, whatever rights its sender has and however sure we are
of the sender: who releases it decides, and that is recorded. The library is the one that
the recipient's local part belongs to now, or that of --to; the author is the user whose
address the sender has, else the System Account, or that of --as. A file that is too large
or of a type that the library blocks needs --force. A message over the limits, or one that
ended processes, is filed as its original alone.` + choiceHelp,
		Example: `  mailchute held release 7
  mailchute held release 8 9 --to invoices --as user:alice
  mailchute held release --reason unknown-address --older-than 1d --dry-run`,
		Args: func(_ *cobra.Command, ids []string) error { return choice.check(ids) },
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, ids []string) error {
		by.DryRun = choice.dryRun
		if err := f.checkOverride(ctx, &by, as); err != nil {
			return err
		}
		o, err := f.jobOptions()
		if err != nil {
			return err
		}
		return c.endHeld(ctx, f, ids, choice, func(h store.HeldMail) (heldResult, error) {
			r, err := incoming.Release(ctx, o, h, by)
			if r.Tree != nil {
				c.tell(fmt.Sprintf("warning: held mail %d is filed, but the library folder cannot show it yet: %v", h.ID, r.Tree))
			}
			return heldResult{
				Result: string(store.HeldReleased), Library: r.Library, Author: r.Author, Documents: r.Paths, Skipped: r.Skipped,
				Detail: releaseNote(r),
			}, err
		})
	})
	choice.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&by.Library, "to", "", "file it into this `LIBRARY`")
	flags.StringVar(&as, "as", "", "file it as if `user:LOGIN` had sent it")
	flags.BoolVar(&by.Force, "force", false, "also files that are too large, or of a type that the library blocks")
	return cmd
}

// releaseNote says what people should know of a message that was released, "" for nothing.
func releaseNote(r incoming.Released) string {
	if r.Present {
		return "the library had the message already, by another address"
	}
	return r.LeftOut
}

// checkOverride checks what would be wrong for every message.
func (f *farm) checkOverride(ctx context.Context, by *incoming.Override, as string) error {
	if by.Library != "" {
		if _, err := f.Library(ctx, by.Library); err != nil {
			return absent(err, "library %s", by.Library)
		}
	}
	if as == "" {
		return nil
	}
	p, err := access.ParsePrincipal(as)
	if err != nil || p.Kind != access.KindUser {
		return usage(fmt.Errorf("--as %q: write user:LOGIN", as))
	}
	by.Author = p.Name
	users, err := f.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Login == p.Name {
			return nil
		}
	}
	return absent(fault.ErrNotFound, "user %s", p.Name)
}

func (c *cli) heldRefuse() *cobra.Command {
	var choice heldChoice
	cmd := &cobra.Command{
		Use:   "refuse ID…",
		Short: "Refuse held mail for good, on record",
		Long: `Refuses held mail: it will not be filed, nor will the same message when it comes again. Its
drop file can be exported until a sweep removes it (settings show: held_keep).` + choiceHelp,
		Example: `  mailchute held refuse 7 8
  mailchute held refuse --reason no-permission --sender spam@example.net`,
		Args: func(_ *cobra.Command, ids []string) error { return choice.check(ids) },
	}
	cmd.RunE = c.withFarm(func(ctx context.Context, f *farm, ids []string) error {
		return c.endHeld(ctx, f, ids, choice, func(h store.HeldMail) (heldResult, error) {
			r := heldResult{Result: string(store.HeldRefused)}
			switch {
			case h.State != store.HeldWaiting:
				return r, fmt.Errorf("it is %s already: %w", h.State, fault.ErrConflict)
			case choice.dryRun:
				return r, nil
			}
			return r, f.Refuse(ctx, h.ID)
		})
	})
	choice.flags(cmd)
	return cmd
}

// endHeld ends each chosen message, and says what it did. What goes wrong with one does
// not keep it from the others, unless it would be wrong with all.
func (c *cli) endHeld(ctx context.Context, f *farm, ids []string, choice heldChoice, end func(store.HeldMail) (heldResult, error)) error {
	chosen, err := f.chosen(ctx, ids, choice)
	if err != nil {
		return err
	}
	if len(chosen) == 0 && !c.json {
		_, err := fmt.Fprintln(c.out, "Nothing is held that matches.")
		return err
	}
	var failed []error
	for _, m := range chosen {
		r, err := heldResult{}, m.err
		if err == nil {
			r, err = end(m.HeldMail)
		}
		r.ID, r.Done = m.ID, err == nil
		if err != nil {
			sentinel := f.explainHeld(ctx, &r, err)
			if sentinel == nil {
				return fmt.Errorf("held mail %d: %w", m.ID, err)
			}
			failed = append(failed, sentinel)
			c.tell(fmt.Sprintf("mailchute: held mail %d: %s", r.ID, r.Detail))
		}
		if err := c.printHeldResult(r, choice.dryRun); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errors.Join(append(failed, errSaid)...)
	}
	return nil
}

// chosenMail is held mail that was chosen, or why it cannot be had.
type chosenMail struct {
	store.HeldMail
	err error
}

func (f *farm) chosen(ctx context.Context, ids []string, choice heldChoice) (all []chosenMail, err error) {
	if len(ids) == 0 {
		mail, err := f.heldThat(ctx, choice.heldFilter)
		for _, h := range mail {
			all = append(all, chosenMail{HeldMail: h})
		}
		return all, err
	}
	for _, id := range ids {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n < 1 {
			return nil, noHeldNumber(id)
		}
		h, err := f.HeldByID(ctx, n)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		h.ID = n
		all = append(all, chosenMail{h, absent(err, "such message")})
	}
	return all, nil
}

// explainHeld completes the result of a message with which something went wrong, and
// returns what the exit code says of it; nil: no single message's fault.
func (f *farm) explainHeld(ctx context.Context, r *heldResult, err error) error {
	r.Detail = explain(err)
	switch {
	case fault.Of(err) == fault.Permanent:
		r.Result, r.Reason = string(store.HeldWaiting), string(fault.ReasonOf(err))
		return errHeld
	case errors.Is(err, store.ErrDamaged):
		r.Result = string(store.HeldWaiting)
		return store.ErrDamaged
	case errors.Is(err, fault.ErrConflict):
		if h, err := f.HeldByID(ctx, r.ID); err == nil {
			r.Result = string(h.State)
		}
		return fault.ErrConflict
	case errors.Is(err, fault.ErrNotFound):
		r.Result = "absent"
		return fault.ErrNotFound
	}
	return nil
}

// printHeldResult prints what was done; for people only what was: standard error has
// the rest.
func (c *cli) printHeldResult(r heldResult, dry bool) error {
	if c.json {
		return c.printJSON(r)
	}
	if !r.Done {
		return nil
	}
	var b strings.Builder
	verb := map[bool]string{false: "", true: "would be "}[dry]
	fmt.Fprintf(&b, "Held mail %d: %s%s", r.ID, verb, r.Result)
	if r.Library != "" {
		fmt.Fprintf(&b, " to library %s, author %s: %s", r.Library, r.Author, or(strings.Join(r.Documents, ", "), "no document"))
	}
	if r.Skipped > 0 {
		fmt.Fprintf(&b, ", %s skipped", count(r.Skipped, "part"))
	}
	if r.Detail != "" {
		fmt.Fprintf(&b, " (%s)", r.Detail)
	}
	_, err := fmt.Fprintln(c.out, text.Safe(b.String()))
	return err
}
