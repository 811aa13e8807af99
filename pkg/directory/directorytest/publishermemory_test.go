package directorytest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
	"mailchute/pkg/fault"
)

const (
	installation = "11111111-1111-4111-8111-111111111111"
	another      = "22222222-2222-4222-8222-222222222222"
)

func TestPublisherMemory(t *testing.T) {
	t.Parallel()
	directorytest.TestPublisher(t, func(*testing.T) directorytest.PublisherWorld {
		const crowd = 5000
		p := directorytest.NewPublisherMemory(installation)
		w := directorytest.People()
		w.Contacts = append(w.Contacts, directorytest.CrowdOf(crowd)...)
		p.SetWorld(w)
		return directorytest.PublisherWorld{
			Publisher: p, Installation: installation, Other: p.Beside(another), Crowd: crowd, Objects: 1100, Admin: p.Administrator(),
		}
	})
}

func TestPublisherMemoryFails(t *testing.T) {
	t.Parallel()
	p := directorytest.NewPublisherMemory(installation)
	down, o := errors.New("down"), directory.Object{Key: another, Kind: directory.KindGroup, Alias: "team"}
	p.Fail(down)
	_, created := p.Create(t.Context(), o, nil)
	_, found := p.ByAlias(t.Context(), directorytest.Manual)
	if !errors.Is(created, down) || !errors.Is(found, down) {
		t.Errorf("got %v and %v, want %v", created, found, down)
	}
	p.Fail(nil)
	if _, err := p.ByAlias(t.Context(), "team"); !errors.Is(err, fault.ErrNotFound) || p.Writes() != 0 {
		t.Errorf("got %v and %d writes, want none", err, p.Writes())
	}
}

// TestOnWrite ends changes before they are made and after.
func TestOnWrite(t *testing.T) {
	t.Parallel()
	p := directorytest.NewPublisherMemory(installation)
	var told []string
	stop, when := errors.New("stop"), true
	p.OnWrite(func(before bool, op string) error {
		if before {
			told = append(told, op)
		}
		if before == when {
			return stop
		}
		return nil
	})
	o := directory.Object{Key: another, Kind: directory.KindGroup, Alias: "team"}
	exists := func(ctx context.Context) bool { _, err := p.ByAlias(ctx, "team"); return err == nil }
	if _, err := p.Create(t.Context(), o, nil); !errors.Is(err, stop) || exists(t.Context()) || p.Writes() != 0 {
		t.Errorf("before: got %v, and it is there: %v", err, exists(t.Context()))
	}
	when = false
	if _, err := p.Create(t.Context(), o, nil); !errors.Is(err, stop) || !exists(t.Context()) || p.Writes() != 1 {
		t.Errorf("after: got %v, and it is there: %v", err, exists(t.Context()))
	}
	made, err := p.Create(t.Context(), o, nil)
	if err != nil || p.Writes() != 1 {
		t.Fatalf("it is there: got %v and %d writes", err, p.Writes())
	}
	if err := p.Delete(t.Context(), made); !errors.Is(err, stop) || exists(t.Context()) {
		t.Errorf("deleted: got %v", err)
	}
	if diff := gocmp.Diff([]string{"create team", "create team", "create team", "delete team"}, slices.Clip(told)); diff != "" {
		t.Errorf("what was told (-want +got):\n%s", diff)
	}
}
