package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// heldFilter says which held mail is wanted; an empty field does not matter.
type heldFilter struct {
	reason, sender, library, olderThan string
}

func (h *heldFilter) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&h.reason, "reason", "", "held for this `REASON`")
	flags.StringVar(&h.sender, "sender", "", "of this envelope sender: an `ADDRESS`, or <> for the null sender")
	flags.StringVar(&h.library, "library", "", "held for this `LIBRARY`")
	flags.StringVar(&h.olderThan, "older-than", "", "held for longer than a `TIME` (12h, 7d)")
	var reasons []string
	for _, r := range fault.Reasons() {
		reasons = append(reasons, string(r))
	}
	offer(cmd, "reason", reasons...)
}

// matcher returns what says whether a held message is wanted.
func (h heldFilter) matcher(now time.Time) (func(store.HeldMail) bool, error) {
	if h.reason != "" && !slices.Contains(fault.Reasons(), fault.Reason(h.reason)) {
		return nil, usage(fmt.Errorf("--reason %q: there are %s", h.reason, enumerate(reasonNames())))
	}
	sender, err := h.senderKey()
	if err != nil {
		return nil, err
	}
	before := now
	if h.olderThan != "" {
		age, err := library.ParseDuration(h.olderThan)
		if err != nil {
			return nil, usage(fmt.Errorf("--older-than: %w", err))
		}
		before = now.Add(-age)
	}
	return func(m store.HeldMail) bool {
		return (h.reason == "" || string(m.Outcome.Reason) == h.reason) &&
			(h.sender == "" || keyOf(m.Item.Sender) == sender) &&
			(h.library == "" || m.Outcome.Library == h.library) &&
			(h.olderThan == "" || m.Since.Before(before))
	}, nil
}

// senderKey returns what senders are compared by; "" is the null sender.
func (h heldFilter) senderKey() (string, error) {
	if h.sender == "" || h.sender == "<>" {
		return "", nil
	}
	if _, err := address.ParseMailbox(h.sender); err != nil {
		return "", usage(fmt.Errorf("--sender: %w", err))
	}
	return keyOf(h.sender), nil
}

// keyOf returns what an address is compared by.
func keyOf(mailbox string) string {
	a, err := address.ParseMailbox(mailbox)
	if err != nil {
		return mailbox
	}
	return a.Key()
}

func reasonNames() []string {
	var names []string
	for _, r := range fault.Reasons() {
		names = append(names, string(r))
	}
	return names
}

// heldThat returns the held mail that waits and is wanted, oldest first.
func (f *farm) heldThat(ctx context.Context, wanted heldFilter) ([]store.HeldMail, error) {
	matches, err := wanted.matcher(time.Now())
	if err != nil {
		return nil, err
	}
	if wanted.library != "" {
		if _, err := f.Library(ctx, wanted.library); err != nil {
			return nil, absent(err, "library %s", wanted.library)
		}
	}
	all, err := f.HeldMail(ctx, store.HeldWaiting)
	return slices.DeleteFunc(all, func(m store.HeldMail) bool { return !matches(m) }), err
}

// heldChoice is which held mail a command is for: numbers, filters, or all.
type heldChoice struct {
	heldFilter
	all    bool
	dryRun bool
}

func (h *heldChoice) flags(cmd *cobra.Command) {
	h.heldFilter.flags(cmd)
	cmd.Flags().BoolVar(&h.all, "all", false, "everything that is held")
	cmd.Flags().BoolVar(&h.dryRun, "dry-run", false, "say what would be done, and change nothing")
}

// check says whether numbers, filters or --all were given, and only one of them.
func (h *heldChoice) check(ids []string) error {
	filtered := h.heldFilter != heldFilter{}
	switch {
	case len(ids) == 0 && !filtered && !h.all:
		return errors.New("say which held mail: ID…, --reason, --sender, --library, --older-than, or --all")
	case len(ids) > 0 && (filtered || h.all), filtered && h.all:
		return errors.New("name held mail by ID, choose it by filters, or take --all: one of them")
	}
	return nil
}
