package drop_test

import (
	"errors"
	"strings"
	"testing"

	"mailchute/pkg/drop"
	"mailchute/pkg/fault"
)

func format(t testing.TB, name string) drop.Format {
	t.Helper()
	f, err := drop.FormatNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFormatNamed(t *testing.T) {
	t.Parallel()
	for _, name := range drop.Formats() {
		if got := format(t, name).Name; got != name {
			t.Errorf("got %s, want %s", got, name)
		}
	}
	_, err := drop.FormatNamed("mbox")
	if !errors.Is(err, fault.ErrNotFound) || !strings.Contains(err.Error(), "postfix") {
		t.Errorf("got %v, want not found and a list of formats", err)
	}
}
