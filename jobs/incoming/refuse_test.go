package incoming_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"mailchute/jobs/incoming"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
	"mailchute/store/storetest"
)

// refuseVictim refuses what is held as a process of its own would.
func refuseVictim(dir string, effects *storetest.Effects) error {
	ctx := context.Background()
	p, err := openProcess(ctx, dir, testOptions(dir, "eml", zerolog.Nop()), effects)
	if err != nil {
		return err
	}
	held, err := p.store.HeldMail(ctx, store.HeldWaiting)
	for _, h := range held {
		err = errors.Join(err, p.store.Refuse(ctx, h.ID))
	}
	return errors.Join(err, p.close())
}

// Whatever effect of a refusal the process dies before or after, the message is refused
// once or still held, and then can be.
func TestRefuseKilledAtEveryEffect(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		total := 1
		for k := 1; k <= total; k++ {
			w := newHeldWorld(t)
			n, died := kill(t, w.dir, refuse, storetest.Plan{At: k, After: after})
			if total = n; died {
				total = k + 1
			}
			w.checkRefused(fmt.Sprintf("killed at effect %d (after=%v)", k, after))
		}
		if t.Logf("killed at each of %d effects, after=%v", total, after); total < 10 {
			t.Errorf("got %d effects, want every file operation and commit of two refusals", total)
		}
	}
}

// checkRefused refuses once more and checks that each message was refused once.
func (w *world) checkRefused(how string) {
	w.t.Helper()
	w.open()
	held, err := w.store.HeldMail(w.t.Context())
	w.must(err)
	for _, h := range held {
		err := w.store.Refuse(w.t.Context(), h.ID)
		if refused := h.State == store.HeldRefused; errors.Is(err, fault.ErrConflict) != refused || (err != nil) != refused {
			w.t.Errorf("%s: got %v for mail that is %s", how, err, h.State)
		}
	}
	if len(held) != 2 || len(w.allDocuments()) > 0 {
		w.t.Errorf("%s: got %d held and documents %q, want 2 and none", how, len(held), w.allDocuments())
	}
	w.verify()
	if w.t.Failed() {
		w.t.Fatal(how)
	}
	w.end()
}

// One process releases and another refuses the same mail at the same time, from the other
// end: each message ends in one way, and is filed where it was released.
func TestReleaseAndRefuseByTwoProcesses(t *testing.T) {
	t.Parallel()
	const n = 30
	w := newWorld(t, "eml")
	w.library(library.Library{Name: "invoices"})
	for i := range n {
		w.drop(fmt.Sprintf("%02d.eml", i), mail("bob@case.test", "invoices@case.test")+attached(received, fmt.Sprintf("%02d.txt", i), fmt.Sprint(i)))
	}
	w.drain()
	held, err := w.store.HeldMail(t.Context(), store.HeldWaiting)
	w.must(err)
	other := w.beside()
	ends := map[store.HeldState]func(store.HeldMail) error{
		store.HeldReleased: func(h store.HeldMail) error { _, err := w.release(h, incoming.Override{}); return err },
		store.HeldRefused:  func(h store.HeldMail) error { return other.store.Refuse(t.Context(), h.ID) },
	}
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	var mu sync.Mutex
	var working sync.WaitGroup
	won := map[int64]store.HeldState{}
	for state, end := range ends {
		working.Go(func() {
			mail := slices.Clone(held)
			if state == store.HeldRefused {
				slices.Reverse(mail)
				<-begun // it is faster
			}
			for _, h := range mail {
				err := end(h)
				if state == store.HeldReleased {
					begin()
				}
				if err == nil {
					mu.Lock()
					won[h.ID] = state
					mu.Unlock()
				} else if !errors.Is(err, fault.ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	got, released := map[int64]store.HeldState{}, 0
	after, err := w.store.HeldMail(t.Context())
	w.must(err)
	for _, h := range after {
		if got[h.ID] = h.State; h.State == store.HeldReleased {
			released++
		}
	}
	if diff := cmp.Diff(won, got); diff != "" || len(got) != n {
		t.Errorf("who won, and how the mail ended (-want +got):\n%s", diff)
	}
	if got := len(w.documents("invoices")); got != released {
		t.Errorf("got %d documents, want one of each of %d released", got, released)
	}
	if released == 0 || released == n {
		t.Errorf("got %d of %d released: the two never met", released, n)
	}
	w.verify()
}
