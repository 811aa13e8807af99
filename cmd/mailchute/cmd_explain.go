package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/jobs/incoming"
	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
)

// question is what explain is asked.
type question struct {
	format, feed string // how FILE is read
	sender, to   string // of a message that there is not
	rung         string
}

func (c *cli) explainCommand() *cobra.Command {
	var q question
	cmd := &cobra.Command{
		Use:   "explain FILE | explain --as-sender ADDRESS --to ADDRESS",
		Short: "Say what the job would do with a drop file or a sender, and why",
		Long: `Decides for a drop file as the job does, and changes nothing. A file in a feed's folder
is read as the feed reads it; for any other, name the feed, or a format: then nobody vouches
for its sender. It also says which lines of the file were believed, which were not, and why:
send a message with forged lines to try a new mail system. For each recipient it says what
the library asks of senders, and by which groups and which grant the sender has a right.

Without a file, --as-sender and --to ask what becomes of mail of that sender to that
recipient: how sure one must be of the sender, and which rights there are. What a message
may be refused for besides (its size, its types, a loop, too many of them) is not asked.`,
		Example: `  mailchute explain drop/new/1767600000.V1.host
  mailchute explain --feed incoming forged.eml
  mailchute explain --format eml message.eml --json
  mailchute explain --as-sender alice@docs.example.com --to invoices@docs.example.com`,
		Args: func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				return nil
			}
			return args("FILE")(cmd, given)
		},
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			o, err := f.jobOptions()
			if err != nil {
				return err
			}
			if q.sender != "" || q.to != "" {
				return c.explainSender(ctx, o, q, args)
			}
			return c.explainFile(ctx, o, q, args)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&q.format, "format", "", "`FORMAT` of the file: "+strings.Join(drop.Formats(), ", "))
	flags.StringVar(&q.feed, "feed", "", "read the file as the `FEED` of that name does")
	flags.StringVar(&q.sender, "as-sender", "", "ask for mail of the sender with this `ADDRESS`; <> is the null sender")
	flags.StringVar(&q.to, "to", "", "ask for mail to this `ADDRESS`")
	flags.StringVar(&q.rung, "rung", "", "ask for a sender on this `RUNG` only: claimed, aligned or proven")
	offer(cmd, "format", drop.Formats()...)
	offer(cmd, "rung", rungs()...)
	return cmd
}

// explainFile explains a drop file.
func (c *cli) explainFile(ctx context.Context, o incoming.Options, q question, args []string) error {
	switch {
	case len(args) == 0:
		return usage(errors.New("FILE is missing, or --as-sender and --to"))
	case q.rung != "":
		return usage(errors.New("--rung goes with --as-sender and --to: of a file, the rung is found out"))
	case q.format != "" && !slices.Contains(drop.Formats(), q.format):
		return usage(fmt.Errorf("--format %q: there are %s", q.format, enumerate(drop.Formats())))
	case q.format != "" && q.feed != "":
		return usage(errors.New("--format and --feed both say how the file is read: use one of them"))
	case q.feed != "" && !slices.ContainsFunc(o.Feeds, func(f incoming.Feed) bool { return f.Name == q.feed }):
		return absent(fault.ErrNotFound, "feed %s", q.feed)
	}
	x, err := incoming.Explain(ctx, o, args[0], q.format, q.feed)
	if errors.Is(err, fs.ErrNotExist) {
		return absent(fault.ErrNotFound, "file %s", args[0])
	}
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(x)
	}
	_, err = io.WriteString(c.out, explanation(c.paintFor(c.out), x))
	return err
}

// fields returns what writes a line with a name in front, made safe to print.
func (p paint) fields(b *strings.Builder) func(name, format string, args ...any) {
	return func(name, format string, args ...any) {
		fmt.Fprintf(b, "%s  %s\n", p.bold(fmt.Sprintf("%-10s", name)), text.Safe(fmt.Sprintf(format, args...)))
	}
}

// explanation writes an explanation for people.
func explanation(p paint, x incoming.Explanation) string {
	var b strings.Builder
	field := p.fields(&b)
	field("File", "%s (format %s)", x.File, x.Format)
	if x.Reason != "" {
		field("Held", "%s: %s", x.Reason, x.Detail)
	}
	if len(x.Envelope.Recipients) == 0 {
		explainLines(&b, p, x.Lines)
		return b.String()
	}
	field("Message", "%s", or(x.MessageID, "has no Message-ID"))
	field("Envelope", "from <%s> to %s (%s)", x.Envelope.Sender, strings.Join(x.Envelope.Recipients, ", "), x.Envelope.Source)
	who := "nobody we know"
	if x.Sender.Principal != nil {
		who = *x.Sender.Principal
	}
	field("Sender", "%s: %s, %s (%s)", or(x.Sender.Address, "null sender"), who, x.Sender.Rung, x.Sender.Evidence)
	for _, n := range x.Notes {
		field("Note", "%s", n)
	}
	for _, r := range x.Recipients {
		explainRecipient(&b, p, r)
	}
	explainLines(&b, p, x.Lines)
	return b.String()
}

// explainLines writes which lines were believed and which were not.
func explainLines(b *strings.Builder, p paint, lines []drop.Line) {
	if len(lines) > 0 {
		b.WriteByte('\n')
	}
	for _, l := range lines {
		verdict := p.yellow("not believed")
		if l.Believed {
			verdict = p.green("believed")
		}
		fmt.Fprintf(b, "Line %d  %s  %s: %s\n", l.Number, text.Safe(l.Field), verdict, text.Safe(l.Why))
	}
}

func explainRecipient(b *strings.Builder, p paint, r incoming.RecipientExplanation) {
	fmt.Fprintf(b, "\n%s  %s", text.Safe(r.Address), decisionColour(p, r.Decision))
	if r.Library != nil {
		fmt.Fprintf(b, "  library %s", text.Safe(*r.Library))
	}
	if r.Decision == "file" {
		fmt.Fprintf(b, ", by %s", text.Safe(r.Author))
	} else {
		fmt.Fprintf(b, "  %s\n  %s", text.Safe(string(r.Reason)), text.Safe(r.Detail))
	}
	b.WriteByte('\n')
	if r.Decision == "file" && len(r.Documents) == 0 && r.Detail != "" {
		fmt.Fprintf(b, "  %s\n", text.Safe(r.Detail))
	}
	for _, d := range r.Documents {
		name, found := d.Name, ""
		if d.Folder != "" {
			name = d.Folder + "/" + d.Name
		}
		if wrapper, ok := within(d.Part); ok {
			found = ", found in part " + wrapper
		}
		fmt.Fprintf(b, "  %s  %s, %s%s\n", text.Safe(name), bytesText(d.Size), text.Safe(d.ContentType), text.Safe(found))
	}
	explainSteps(b, r.Standing)
	for _, l := range r.LeftOut {
		part := ""
		if l.Part != "" {
			part = " (part " + l.Part + ")"
		}
		fmt.Fprintf(b, "  %s %s%s: %s\n", p.yellow("left out"), text.Safe(l.Name), text.Safe(part), text.Safe(l.Why))
	}
}

// explainSteps writes what is asked of senders and which right this one has. The other steps
// of the chain stand elsewhere.
func explainSteps(b *strings.Builder, s incoming.Standing) {
	for _, step := range s.Chain {
		if step.Step == "asked" || step.Step == "grant" {
			fmt.Fprintf(b, "  %s: %s\n", step.Step, text.Safe(step.Detail))
		}
	}
}

// within returns the part that a part was found in, which its ID begins with: "2" of
// "2/1".
func within(part string) (wrapper string, ok bool) {
	slash := strings.LastIndexByte(part, '/')
	if slash < 0 {
		return "", false
	}
	return part[:slash], true
}
