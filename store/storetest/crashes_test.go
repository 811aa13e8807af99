package storetest_test

import (
	"testing"

	"mailchute/store/storetest"
)

func TestCrashesAreCounted(t *testing.T) {
	t.Parallel()
	var c storetest.Crashes
	if got := c.String(); got != "" {
		t.Errorf("got %q of nothing, want nothing", got)
	}
	c.Tried("power cuts", 2)
	c.Tried("failed effects", 3)
	c.Tried("power cuts", 1)
	if got, want := c.String(), "crash points tried: 6 (3 failed effects, 3 power cuts)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
