package incoming_test

import (
	"os"
	"testing"

	"mailchute/store/storetest"
)

// crashes counts the points at which tests have struck.
var crashes storetest.Crashes

// What victims do: they drain a folder, or deal with what is held, and die at an effect.
const (
	drainOne  = "drain one at a time"
	drainMany = "drain many at a time"
	release   = "release"
	refuse    = "refuse"
	parse     = "parse what kills"
)

func TestMain(m *testing.M) {
	os.Exit(crashes.Main(m, map[string]storetest.Work{
		drainOne: drainVictim, drainMany: drainManyVictim, release: releaseVictim, refuse: refuseVictim, parse: parseVictim,
	}))
}

// kill runs the test binary as a victim. It returns how many effects there were, unless
// the victim died.
func kill(t *testing.T, dir, work string, plan storetest.Plan) (effects int, died bool) {
	t.Helper()
	effects, died, err := crashes.Kill(t.Context(), dir, work, plan)
	if err != nil {
		t.Fatal(err)
	}
	return effects, died
}
