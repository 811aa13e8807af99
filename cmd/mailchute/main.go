// Command mailchute drains the drop folders of mail systems into document libraries.
//
// A tour, from the bottom up: pkg/drop is the queue, pkg/message takes a message apart,
// pkg/library says what documents it becomes, pkg/access who may add them; store keeps
// documents, held mail and the books; jobs/incoming takes a message from top to bottom;
// jobs says when. Here is what people type: one file for each noun of the commands.
// assemble.go puts the parts together, errors.go turns errors into exit codes and texts,
// output.go is the way to standard output.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// The garbage collector lets the heap grow to five times of what is in use, which is
// little, but keeps within memory while it can: what is in hand takes less, and the rest would
// be garbage waiting. GOGC and GOMEMLIMIT (runtime) set other bounds.
const (
	growth = 400 // percent
	memory = 32 << 20
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	c := &cli{out: stdout, err: stderr, getenv: getenv}
	root := c.command()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !c.began {
		err = usage(err)
	}
	c.complain(cmd.CommandPath(), err)
	return exitCode(err)
}
