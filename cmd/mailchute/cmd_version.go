package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionJSON says what program this is.
type versionJSON struct {
	Version string `json:"version"`
	Commit  string `json:"commit"` // "" where it was built outside a checkout
	Go      string `json:"go"`
	System  string `json:"system"`
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the program's version",
		Example: "  mailchute version --json",
		Args:    args(),
		RunE: func(*cobra.Command, []string) error {
			v := version()
			return c.say(v, "mailchute %s %s %s %s", v.Version, or(v.Commit, "unknown commit"), v.Go, v.System)
		},
	}
}

// version reads what the Go tool wrote into the program.
func version() versionJSON {
	v := versionJSON{Version: "unknown", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = or(info.Main.Version, v.Version)
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value
		}
	}
	return v
}
