package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailchute/jobs/remote"
)

func (c *cli) remoteCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "remote",
		Short:   "The directory management service for SharePoint farms",
		Long:    "serve answers SharePoint farms where [remote] is set up in the configuration: mailchute help directory.",
		Example: "  mailchute remote password farm",
	}, c.remotePassword())
}

// userHash is a line of the file of users.
type userHash struct {
	Name string `json:"name"`
	Line string `json:"line"`
}

func (c *cli) remotePassword() *cobra.Command {
	return &cobra.Command{
		Use:   "password NAME",
		Short: "Make a line for the users of the directory management service",
		Long: `Reads a password of at least 12 bytes from standard input, and prints the line NAME:HASH for the
file that users_file names. The file must have rights for its owner only; serve reads it again
when it changes.`,
		Example: `  mailchute remote password farm
  mailchute remote password farm --json`,
		Args: args("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := remote.CheckName(args[0]); err != nil {
				return usage(err)
			}
			password, err := c.readPassword(cmd.InOrStdin())
			if err != nil {
				return err
			}
			hash, err := remote.HashPassword(password)
			if err != nil {
				return usage(err)
			}
			line := args[0] + ":" + hash
			return c.say(userHash{args[0], line}, "%s", line)
		},
	}
}

// readPassword reads the first line; from a terminal, without showing it.
func (c *cli) readPassword(r io.Reader) (string, error) {
	if f, ok := r.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if _, err := fmt.Fprint(c.err, "Password: "); err != nil {
			return "", err
		}
		password, err := term.ReadPassword(int(f.Fd()))
		c.tell("")
		return string(password), err
	}
	line, err := bufio.NewReader(io.LimitReader(r, 1<<12)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}
