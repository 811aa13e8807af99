package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// quiet is a command line that nobody reads.
func quiet() *cli {
	return &cli{out: io.Discard, err: io.Discard, getenv: func(string) string { return "" }}
}

// eachCommand calls f with every command of ours.
func eachCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, sub := range cmd.Commands() {
		eachCommand(sub, f)
	}
}

func TestHelpIsWhole(t *testing.T) {
	t.Parallel()
	eachCommand(quiet().command(), func(cmd *cobra.Command) {
		topic := cmd.IsAdditionalHelpTopicCommand() // is read, not run
		if (cmd.Example == "" && !topic) || cmd.Short == "" || cmd.Short != strings.TrimSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q, examples %q", cmd.CommandPath(), cmd.Short, cmd.Example)
		}
		for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
			if len([]rune(line)) > 120 {
				t.Errorf("%s: a line of the help has %d characters: %s", cmd.CommandPath(), len([]rune(line)), line)
			}
		}
	})
}

// TestExamplesAreUsage gives every example to the parser of its command.
func TestExamplesAreUsage(t *testing.T) {
	t.Parallel()
	n := 0
	eachCommand(quiet().command(), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " |")
			line, _, _ = strings.Cut(line, "   #")
			words := shellWords(line)
			if words[0] != "mailchute" {
				t.Errorf("%s: the example %q runs something else", cmd.CommandPath(), line)
				continue
			}
			n++
			root := quiet().command()
			found, args, err := root.Find(words[1:])
			if err == nil && found.CommandPath() != cmd.CommandPath() && !cmd.HasSubCommands() {
				t.Errorf("%s: the example %q is of %s", cmd.CommandPath(), line, found.CommandPath())
			}
			if err == nil {
				err = found.ParseFlags(args)
			}
			if err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: the example %q: %v", cmd.CommandPath(), line, err)
			}
		}
	})
	if n < 30 {
		t.Errorf("only %d examples were found", n)
	}
}

// shellWords splits a line as a shell does, as far as the examples need it.
func shellWords(line string) (words []string) {
	for i, piece := range strings.Split(line, `"`) {
		switch {
		case i%2 == 0:
			words = append(words, strings.Fields(piece)...)
		default:
			words = append(words, piece)
		}
	}
	return words
}
