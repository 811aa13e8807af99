package main

import (
	_ "embed"

	"github.com/spf13/cobra"
)

// securityPage says, threat by threat, what holds it. It names a setting with its place, as
// [feed] owners; a reason or a rung stands alone in parentheses. Tests hold these names, and
// those of commands and flags, against what there is.
//
//go:embed security.txt
var securityPage string

// securityTopic is the help topic of threats.
func securityTopic() *cobra.Command {
	topic := &cobra.Command{Use: "security", Short: "Threat by threat: what holds it, what does not, what is left to you", Long: securityPage}
	topic.SetHelpTemplate("{{.Long}}")
	return topic
}
