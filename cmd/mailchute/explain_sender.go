package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/address"
	"mailchute/pkg/text"
)

// explainSender explains what becomes of mail of a sender to a recipient.
func (c *cli) explainSender(ctx context.Context, o incoming.Options, q question, args []string) error {
	switch {
	case len(args) > 0:
		return usage(fmt.Errorf("--as-sender and --to ask without a file: leave %s out, or them", args[0]))
	case q.sender == "" || q.to == "":
		return usage(errors.New("--as-sender and --to go together"))
	case q.format != "" || q.feed != "":
		return usage(errors.New("--format and --feed say how a file is read, and there is none"))
	}
	var from address.Address
	if q.sender != "<>" {
		var err error
		if from, err = address.ParseMailbox(q.sender); err != nil {
			return usage(fmt.Errorf("--as-sender: %w", err))
		}
	}
	to, err := address.ParseMailbox(q.to)
	if err != nil {
		return usage(fmt.Errorf("--to: %w", err))
	}
	var rungs []access.Rung
	if q.rung != "" {
		rung, err := access.ParseRung(q.rung)
		if err != nil {
			return usage(fmt.Errorf("--rung: %w", err))
		}
		rungs = append(rungs, rung)
	}
	x, err := incoming.ExplainSender(ctx, o, from, to, rungs...)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(x)
	}
	_, err = io.WriteString(c.out, prospect(c.paintFor(c.out), x))
	return err
}

// prospect writes a prospect for people.
func prospect(p paint, x incoming.Prospect) string {
	var b strings.Builder
	field := p.fields(&b)
	for _, s := range x.Chain {
		field(strings.ToUpper(s.Step[:1])+s.Step[1:], "%s", s.Detail)
	}
	if x.Needs == nil {
		field("Needs", "on no rung that was asked about is it filed")
	} else {
		field("Needs", "%s", x.Needs)
	}
	for _, f := range x.Feeds {
		field("Feed", "senders in %s are %s at most", f.Feed, f.Reach)
	}
	for _, r := range x.Rungs {
		fmt.Fprintf(&b, "\n%s  %s", r.Rung, decisionColour(p, r.Decision))
		if r.Reason == "" {
			fmt.Fprintf(&b, ", by %s\n", text.Safe(r.Author))
			continue
		}
		fmt.Fprintf(&b, "  %s\n  %s\n", text.Safe(string(r.Reason)), text.Safe(r.Detail))
	}
	return b.String()
}

// decisionColour paints a decision.
func decisionColour(p paint, decision string) string {
	switch decision {
	case "file":
		return p.green(decision)
	case "hold":
		return p.yellow(decision)
	}
	return p.red(decision)
}
