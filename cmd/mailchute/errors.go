package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
)

// The exit codes of COMMANDS.md.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
	exitConflict = 4
	exitHeld     = 5
)

var (
	// errHeld ends a command that did its work, but something was held or deferred. It
	// has been said already.
	errHeld = errors.New("something was held or deferred")
	// errSaid ends a command that failed and has said so already.
	errSaid = errors.New("failed")
)

// usageError is wrong usage or a wrong configuration.
type usageError struct {
	error
	help bool // the command's help has more
}

func (e usageError) Unwrap() error { return e.error }

// usage marks err as wrong usage of the command; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err, true}
}

// flagError says in our words what is wrong with the value of a flag.
func flagError(err error) error {
	wrong, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	f, ask := wrong.GetFlag(), "another value"
	switch f.Value.Type() {
	case "bool":
		ask = "true or false"
	case "int":
		ask = "a whole number"
	case "stringSlice":
		ask = "values with commas between them, and quotation marks in pairs"
	}
	return fmt.Errorf("--%s %q: use %s", f.Name, wrong.GetValue(), ask)
}

// misconfigured marks err as a fault of the configuration.
func misconfigured(err error) error { return usageError{err, false} }

// exitCode turns an error into the code that scripts see.
func exitCode(err error) int {
	_, wrongUsage := errors.AsType[usageError](err)
	_, wrongConfig := errors.AsType[*config.Error](err)
	forMTA, sys := errors.AsType[sysexit](err)
	switch {
	case err == nil:
		return exitDone
	case sys:
		return forMTA.code
	case wrongUsage, wrongConfig, errors.Is(err, fault.ErrInvalid):
		return exitUsage
	case errors.Is(err, errHeld):
		return exitHeld
	case errors.Is(err, fault.ErrNotFound):
		return exitNotFound
	case errors.Is(err, fault.ErrConflict):
		return exitConflict
	}
	return exitFailed
}

// complain tells people what went wrong with a command.
func (c *cli) complain(command string, err error) {
	if err == nil || errors.Is(err, errHeld) || errors.Is(err, errSaid) {
		return
	}
	for line := range strings.Lines(explain(err)) {
		c.tell("mailchute: " + strings.TrimSuffix(line, "\n"))
	}
	if what := remedy(err); what != "" {
		c.tell("mailchute: " + what)
	}
	if wrong, ok := errors.AsType[usageError](err); ok && wrong.help {
		c.tell("See " + command + " --help.")
	}
}

// tell writes a line to standard error. Where that cannot be written, nobody can be told.
func (c *cli) tell(line string) {
	_, _ = fmt.Fprintln(c.err, text.Safe(line))
}

// explain returns the text of an error for people: without the sentinels, which the exit
// code says. Several errors have a line each.
func explain(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		for _, said := range []struct {
			sentinel error
			where    string // the line has this; others need the sentinel's words
		}{
			{fault.ErrInvalid, ""}, {fault.ErrConflict, ""}, {directory.ErrUnsupported, ""}, {fault.ErrNotFound, "there is no "},
		} {
			if errors.Is(err, said.sentinel) && strings.Contains(line, said.where) {
				line = strings.TrimSuffix(line, ": "+said.sentinel.Error())
			}
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// taken says of a conflict that a thing of that name is there already. Where there is
// none, the conflict is about something else, and says what.
func taken(err error, what, name string, exists bool) error {
	if !exists || !errors.Is(err, fault.ErrConflict) {
		return err
	}
	return fmt.Errorf("there is a %s %s already: %w", what, name, fault.ErrConflict)
}

// absent says of a thing that was not found that there is none, in place of err's words.
func absent(err error, format string, args ...any) error {
	if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	return fmt.Errorf("there is no %s: %w", fmt.Sprintf(format, args...), fault.ErrNotFound)
}
