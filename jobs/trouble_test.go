package jobs_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs"
)

// Trouble is told when it begins, changes and ends.
func TestTrouble(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := zerolog.New(&log)
	var trouble jobs.Trouble
	a, b := errors.New("a"), errors.New("b")
	got := []string{}
	for _, err := range []error{nil, a, a, errors.New("a"), b, nil, nil, a} {
		log.Reset()
		trouble.Report(logger, err, "It began.", "It is over.")
		got = append(got, strings.TrimSpace(log.String()))
	}
	want := []string{
		"",
		`{"level":"error","error":"a","message":"It began."}`,
		"",
		"",
		`{"level":"error","error":"b","message":"It began."}`,
		`{"level":"info","message":"It is over."}`,
		"",
		`{"level":"error","error":"a","message":"It began."}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}
