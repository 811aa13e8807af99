package dms_test

import (
	"os"
	"testing"

	"mailchute/store/storetest"
)

// crashes counts the points at which tests have struck.
var crashes storetest.Crashes

func TestMain(m *testing.M) { os.Exit(crashes.Main(m, map[string]storetest.Work{"dms": runVictim})) }
