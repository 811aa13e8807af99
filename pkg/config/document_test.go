package config_test

import (
	"testing"

	"mailchute/pkg/config"
)

func TestDocumentPlaces(t *testing.T) {
	t.Parallel()
	d, err := config.ParseDocument("farm.toml", []byte("[settings]\n\"rejects.loop\" = \"hold\"\n\n[[library]]\nname = \"a\"\n[[library]]\n  name = \"b\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"library[1].name":       "farm.toml:7:10",
		"library[1].title":      "farm.toml:6:3",
		"settings.rejects.loop": "farm.toml:2:18",
		"library":               "farm.toml:4:3",
		"group[0]":              "farm.toml",
	} {
		if got := d.Place(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	_, err = config.ParseDocument("farm.toml", []byte("a = 1\nb =\n"))
	if want := "farm.toml:2:"; err == nil || len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
		t.Errorf("no TOML: got %v, want one at %s", err, want)
	}
}
