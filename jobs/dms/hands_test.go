package dms_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/directory/directorytest"
)

// hand is something that an administrator does to an object of ours.
type hand struct {
	name string
	do   func(f *farm, id string) (taken string) // the ID of what nobody may touch from then on; "": none
	// mends says that the directory comes to what is wanted all the same.
	mends bool
}

func hands() []hand {
	marker := func(values ...string) func(*farm, string) string {
		return func(f *farm, id string) string {
			f.admin.Set(f.t, id, directorytest.MarkerAttribute, values...)
			return id
		}
	}
	return []hand{
		{"takes the marker away", marker(), false},
		{"gives it another farm's marker", marker("farm-dms:1:" + otherInstallation + ":list:1"), false},
		{"moves it out", func(f *farm, id string) string {
			f.admin.Move(f.t, id, directorytest.Elsewhere)
			return id
		}, false},
		{"moves it below", func(f *farm, id string) string {
			f.admin.Move(f.t, id, directorytest.BelowContainer)
			return ""
		}, true},
		{"renames it", func(f *farm, id string) string {
			f.admin.Rename(f.t, id, "by-hand")
			return ""
		}, true},
		{"deletes it", func(f *farm, id string) string {
			f.admin.Delete(f.t, id)
			return ""
		}, true},
		{"changes its title", func(f *farm, id string) string {
			f.admin.Set(f.t, id, "displayName", "By hand")
			return ""
		}, true},
		{"takes its addresses away", func(f *farm, id string) string {
			f.admin.Set(f.t, id, directory.AttrProxyAddresses)
			f.admin.Set(f.t, id, directory.AttrMail)
			return ""
		}, true},
		{"copies it", func(f *farm, id string) string { return f.admin.Copy(f.t, id, "twin") }, false},
	}
}

// entry returns what the directory has of an object, but for its members: one that is deleted
// leaves its groups.
func (f *farm) entry(id string) directory.Attributes {
	f.t.Helper()
	e := f.admin.Entry(f.t, id)
	delete(e, "member")
	return e
}

// Whatever an administrator does to an object between any two steps of a run: what is taken
// from us is never touched again, and everything else comes to what is wanted.
func TestHandsAtEveryStep(t *testing.T) {
	t.Parallel()
	total, _ := effects(t)
	for _, h := range hands() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			for i, of := range []string{"library apples", "group team", "group old"} {
				for k := 1 + i; k <= total; k += 3 {
					h.at(t, of, k)
				}
			}
		})
	}
}

// at does it before the effect k of the run of a story.
func (h hand) at(t *testing.T, of string, k int) {
	t.Helper()
	f := newFarm(t)
	manual, approved := f.manual(), f.story()
	m, done, taken := &mortal{}, false, ""
	var entry directory.Attributes
	id := f.known(of).ID
	strike := func() {
		if done || m.n < k {
			return
		}
		if done = true; f.admin.Entry(t, id) != nil {
			if taken = h.do(f, id); taken != "" {
				entry = f.entry(taken)
			}
		}
	}
	victim := f.process(t, m.wrap)
	f.dir.OnWrite(func(before bool, op string) error {
		err := m.onWrite(before, op)
		if before {
			strike()
		}
		return err
	})
	victim.run()
	f.dir.OnWrite(nil)
	for range 3 {
		f.clock.advance(5 * time.Hour)
		for _, id := range approved {
			if r := f.request(id); r.State == directory.Failed && h.mends {
				f.approve(r)
			}
		}
		victim.run()
	}
	how := fmt.Sprintf("%s: %s at effect %d", of, h.name, k)
	if taken != "" {
		if diff := gocmp.Diff(entry, f.entry(taken)); diff != "" {
			t.Errorf("%s: what is not ours any more was changed:\n%s", how, diff)
		}
	}
	if h.mends {
		victim.ended(approved)
	}
	if f.manual() != manual {
		t.Errorf("%s: somebody else's object was changed", how)
	}
	victim.idle()
	if t.Failed() {
		t.Fatalf("%s: the log is\n%s", how, victim.log)
	}
}

// What is added to an object by hand stays, whatever becomes of the object.
func TestAddressesOfOthersStay(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.library("invoices", "invoices")
	f.run()
	id := f.known("library invoices").ID
	f.admin.Set(t, id, directory.AttrProxyAddresses, "SMTP:chosen@corp.example", "smtp:invoices@farm.example", "x500:/o=corp", "sip:invoices@corp.example")
	f.admin.Set(t, id, directory.AttrMail, "chosen@corp.example")
	want := []string{"SMTP:chosen@corp.example", "sip:invoices@corp.example", "x500:/o=corp"}
	for _, local := range []string{"invoices", "bills", "BILLS", "invoices"} {
		f.setLocal("invoices", local)
		f.run()
		a := f.at(local)
		got := slices.DeleteFunc(slices.Clone(a.Attributes[directory.AttrProxyAddresses]), func(v string) bool {
			return strings.EqualFold(v, "smtp:"+local+"@farm.example") && strings.HasPrefix(v, "smtp:")
		})
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); diff != "" || a.Attributes[directory.AttrMail][0] != "chosen@corp.example" {
			t.Errorf("as %s (-want +got):\n%s%v", local, diff, a.Attributes)
		}
		f.calm()
	}
}
