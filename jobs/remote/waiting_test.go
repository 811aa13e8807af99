package remote_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"mailchute/jobs/remote"
	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
)

// patient lets requests wait for their turn for longer than any test takes.
func patient(o *remote.Options) { o.Limits.Wait = 10 * time.Minute }

// asked returns a channel that is closed when the catalog has been asked so often from now on.
func (w *world) asked(often int64) <-chan struct{} {
	var count atomic.Int64
	done := make(chan struct{})
	counts := func() error {
		if count.Add(1) == often {
			close(done)
		}
		return nil
	}
	w.catalog.trouble.Store(&counts)
	return done
}

// TestOneChangeAfterTheOther: a farm changes a group again before the directory has followed.
func TestOneChangeAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, sends string
		op          emailws.Operation
		before      func(w *world)
	}{
		{"a rename behind a change", teamToNew, emailws.OpRenameDistributionGroup, func(w *world) {
			w.call(alpha, emailws.OpModifyDistributionGroup, aliasTeam+`<Name>Team</Name>`+anyFlags)
		}},
		{"an end behind a change", aliasTeam, emailws.OpDeleteDistributionGroup, func(w *world) {
			w.call(alpha, emailws.OpModifyDistributionGroup, aliasTeam+`<Name>Team</Name>`+anyFlags)
		}},
		{"a group of the alias of one that goes", team, emailws.OpCreateDistributionGroup, func(w *world) {
			w.call(alpha, emailws.OpDeleteDistributionGroup, aliasTeam)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, patient)
			byPolicy(w)
			w.call(alpha, emailws.OpCreateDistributionGroup, team)
			applied(w)
			tt.before(w)
			tried := w.asked(4)
			told := make(chan answer)
			go func() { told <- w.post(alpha, request(tt.op, tt.sends)) }()
			<-tried
			applied(w)
			if a := <-told; a.Status != "Success" {
				t.Errorf("got %+v", a)
			}
		})
	}
}

// TestAnAliasThatIsTakenIsNotWaitedFor: neither while a group waits for approval, nor for
// what does not go.
func TestAnAliasThatIsTakenIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, patient)
	w.settings("approve_create", "false")
	w.call(alpha, emailws.OpCreateDistributionGroup, `<Alias>crew</Alias>`+anyFlags)
	w.call(beta, emailws.OpCreateDistributionGroup, `<Alias>gang</Alias>`+anyFlags)
	applied(w)
	w.call(alpha, emailws.OpDeleteDistributionGroup, `<Alias>crew</Alias>`)
	w.settings("approve_create", "true")
	w.call(alpha, emailws.OpCreateDistributionGroup, team)
	for _, alias := range []string{"crew", "gang"} {
		a := w.call(alpha, emailws.OpRenameDistributionGroup, `<OldAlias>team</OldAlias><NewAlias>`+alias+`</NewAlias>`)
		if a.Status != directory.StatusDuplicateAlias.String() {
			t.Errorf("%s: got %s", alias, a.Status)
		}
	}
}

func TestAClientThatSendsManyIsSlowedDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, patient, func(o *remote.Options) { o.Limits.Burst, o.Limits.PerSecond = 1, 1000 })
	for i := range 20 {
		if a := w.post(alpha, request(emailws.OpGetJobStatus, "<JobId>1</JobId>")); a.HTTP != http.StatusOK {
			t.Fatalf("request %d: got %d %s", i, a.HTTP, a.document)
		}
	}
}

func TestRequestsWaitForAPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, patient, func(o *remote.Options) { o.Limits.AtOnce = 1 })
	told := make(chan answer)
	const many = 20
	for range many {
		go func() { told <- w.post(alpha, request(emailws.OpGetJobStatus, "<JobId>1</JobId>")) }()
	}
	for range many {
		if a := <-told; a.HTTP != http.StatusOK {
			t.Errorf("got %d %s", a.HTTP, a.document)
		}
	}
}

// TestAFarmComesBack: after a start its servers all come at once, with a password that is
// right and was never used.
func TestAFarmComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, patient, func(o *remote.Options) { o.Limits.Failures = 2 })
	told := make(chan int)
	const many = 20
	for range many {
		go func() { told <- w.send(alpha, http.MethodGet, emailws.Path, "").HTTP }()
	}
	for range many {
		if got := <-told; got != http.StatusOK {
			t.Errorf("got %d", got)
		}
	}
}
