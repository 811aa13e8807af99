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

func (c *cli) explainCommand() *cobra.Command {
	var format, feed string
	cmd := &cobra.Command{
		Use:   "explain FILE",
		Short: "Say what the job would do with a drop file, and why",
		Long: `Decides for a drop file as the job does, and changes nothing. A file in a feed's folder
is read as the feed reads it; for any other, name the feed, or a format: then nobody vouches
for its sender. It also says which lines of the file were believed, which were not, and why:
send a message with forged lines to try a new mail system.`,
		Example: `  mailchute explain drop/new/1767600000.V1.host
  mailchute explain --feed incoming forged.eml
  mailchute explain --format eml message.eml --json`,
		Args: args("FILE"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			o, err := f.jobOptions()
			if err != nil {
				return err
			}
			if format != "" && !slices.Contains(drop.Formats(), format) {
				return usage(fmt.Errorf("--format %q: there are %s", format, enumerate(drop.Formats())))
			}
			if format != "" && feed != "" {
				return usage(errors.New("--format and --feed both say how the file is read: use one of them"))
			}
			if feed != "" && !slices.ContainsFunc(o.Feeds, func(f incoming.Feed) bool { return f.Name == feed }) {
				return absent(fault.ErrNotFound, "feed %s", feed)
			}
			x, err := incoming.Explain(ctx, o, args[0], format, feed)
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
		}),
	}
	cmd.Flags().StringVar(&format, "format", "", "`FORMAT` of the file: "+strings.Join(drop.Formats(), ", "))
	cmd.Flags().StringVar(&feed, "feed", "", "read the file as the `FEED` of that name does")
	offer(cmd, "format", drop.Formats()...)
	return cmd
}

// explanation writes an explanation for people.
func explanation(p paint, x incoming.Explanation) string {
	var b strings.Builder
	field := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%s  %s\n", p.bold(fmt.Sprintf("%-10s", name)), text.Safe(fmt.Sprintf(format, args...)))
	}
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
	colour := map[string]func(string) string{"file": p.green, "hold": p.yellow, "delete": p.red}[r.Decision]
	fmt.Fprintf(b, "\n%s  %s", text.Safe(r.Address), colour(r.Decision))
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
	for _, l := range r.LeftOut {
		part := ""
		if l.Part != "" {
			part = " (part " + l.Part + ")"
		}
		fmt.Fprintf(b, "  %s %s%s: %s\n", p.yellow("left out"), text.Safe(l.Name), text.Safe(part), text.Safe(l.Why))
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
