package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/config"
	"mailchute/pkg/drop"
)

// What a feed says of its mail system becomes the format that its files are read in.
func TestReads(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testdata, "good.trust.toml"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("/data/mailchute.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	postfix := reads("postfix", drop.Trust{
		ReceivedBy: "mx.example.com", AuthHeader: true, LoginDomains: []string{"example.com", "bücher.example"},
	})
	postfix.Auth = "x-login"
	other := reads("custom", drop.Trust{AuthHeader: true})
	other.AbsentIsNull, other.Repeated = true, true
	want := map[string]drop.Format{
		"postfix":  postfix,
		"milter":   reads("postfix", drop.Trust{AuthservID: "mx.example.com", BelowReceived: true}),
		"exchange": reads("exchange", drop.Trust{HeaderFirewall: true}),
		"custom": {
			Name: "custom", Custom: true, Pattern: "*.msg",
			Sender: "x-from", EmptyIsNull: true, Recipient: "x-to", List: true, Auth: "x-drop-auth",
			AnyField: true, End: "x-end", EndInside: true,
		},
		"usual": reads("custom", drop.Trust{}),
		"other": other,
	}
	got := map[string]drop.Format{}
	for _, f := range c.Feeds {
		got[f.Name] = f.Reads
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if got, want := c.Feeds[0].TokenFile, "postfix.token"; got != want {
		t.Errorf("token file: got %q, want %q", got, want)
	}
}
