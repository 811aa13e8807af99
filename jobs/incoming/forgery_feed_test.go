package incoming_test

import (
	"fmt"
	"slices"
	"strings"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/pkg/drop"
)

// readFeed makes f read as a case says: the name of a format, and settings with the names
// that they have in mailchute.toml.
func readFeed(f *incoming.Feed, words string) error {
	name, settings, _ := strings.Cut(words, " ")
	reads, err := drop.FormatNamed(name)
	if err != nil {
		return err
	}
	align := access.Alignment{Methods: access.AlignMethods()}
	for _, word := range strings.Fields(settings) {
		key, value, _ := strings.Cut(word, "=")
		list := strings.Split(value, ",")
		switch key {
		case "vouches":
			reads.AuthHeader = slices.Contains(list, "auth-header")
			reads.HeaderFirewall = slices.Contains(list, "exchange-firewall")
		case "received_by":
			reads.ReceivedBy = value
		case "auth_token":
			reads.Token = value
		case "login_domains":
			reads.LoginDomains = list
		case "authserv_id":
			reads.AuthservID = value
		case "authserv_place":
			reads.BelowReceived = value == "first-below-received"
		case "aligned_by":
			align.Methods = list
		case "alignment":
			align.Strict = value == "strict"
		case "shared_domains":
			align.Shared = list
		case "dkim":
			f.DKIM = value == "verify"
		default:
			return fmt.Errorf("feed %q: unknown setting %s", words, key)
		}
	}
	f.Format, f.Reads, f.Align = name, &reads, align
	return nil
}
