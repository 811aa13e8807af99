package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/access"
	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/store"
)

// TestDistributionModel does anything, in any order, and compares with the model.
func TestDistributionModel(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string]int{"memory": 6000, "sqlite": 400} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			w := &walk{
				publishing: newPublishing(t, catalogs()[name](t)), rnd: rand.New(rand.NewPCG(seed, 1)),
				asked: map[*asked]time.Time{}, revised: map[*asked]shows{},
			}
			w.model = newModel(w.clock())
			w.key = func(d *modelled) string { return must1(w.Request(w.Context(), d.last.id)).Distribution }
			for _, login := range []string{"alice", "bob"} {
				w.must(w.AddUser(w.Context(), access.User{Login: login}))
			}
			for i := range steps {
				w.step()
				w.compare(i)
				if t.Failed() {
					t.Fatalf("step %d: %s", i, w.did)
				}
				if i%200 == 0 {
					w.checkEvents()
				}
			}
			w.checkEvents()
		})
	}
}

// walk is a random walk through farm and model.
type walk struct {
	*publishing
	*model
	rnd     *rand.Rand
	did     string
	asked   map[*asked]time.Time // when requests were asked for, in their last revision
	revised map[*asked]shows     // what for
}

func pick[V any](rnd *rand.Rand, of ...V) V { return of[rnd.IntN(len(of))] }

// step does something to both, and checks that both take it the same way.
func (w *walk) step() {
	ctx := w.Context()
	group, local := pick(w.rnd, "team", "crew", "band"), pick(w.rnd, "a", "b", "c", "d", "e")
	var got, want error
	switch n := w.rnd.IntN(100); {
	case n < 26:
		got, want = w.stepAsk(group, local)
	case n < 36:
		got, want = w.stepAskFarm(local)
	case n < 56:
		got, want = w.stepDecide()
	case n < 74:
		w.stepRecord()
	case n < 78:
		w.did = "remove " + group
		got, want = w.RemoveGroup(ctx, group), w.remove(group)
	case n < 83:
		w.did = "add " + group
		got = w.AddGroup(ctx, access.Group{Name: group, Site: "default"})
		if _, ok := w.groups[group]; ok {
			want = fault.ErrConflict
		} else {
			w.groups[group] = nil
		}
	case n < 88:
		got, want = w.stepMembers(group)
	case n < 92:
		got, want = w.stepLibrary(pick(w.rnd, "one", "two"), local)
	case n < 96:
		w.stepPolicy()
	default:
		d := time.Duration(w.rnd.IntN(25)) * day
		w.did = fmt.Sprintf("%v pass", d)
		w.publishing.pass(d)
		_, _, got = w.TidyRequests(ctx)
		w.model.pass(d, w.asked)
	}
	if want == nil && got != nil || want != nil && !errors.Is(got, want) {
		w.Errorf("%s: got %v, want %v", w.did, got, want)
	}
	w.number()
}

func (w *walk) stepAsk(group, local string) (got, want error) {
	ask := shows{local, pick(w.rnd, "Us", "Them")}
	if w.rnd.IntN(4) == 0 {
		ask = shows{}
	}
	w.did = fmt.Sprintf("ask %s %v", group, ask)
	_, got = w.AskDistribution(w.Context(), group, ask.ask(""))
	return got, w.model.ask(group, ask)
}

func (w *walk) stepAskFarm(alias string) (got, want error) {
	client, ask := pick(w.rnd, "farm", "farm", "eve"), shows{alias, pick(w.rnd, "Us", "Them")}
	switch w.rnd.IntN(4) {
	case 0:
		ask = shows{}
	case 1:
		ask.local = pick(w.rnd, "a", "b", "c", "d", "e")
	}
	w.did = fmt.Sprintf("%s asks %s %v", client, alias, ask)
	_, got = w.AskFarmDistribution(w.Context(), alias, ask.ask(client))
	return got, w.model.askFarm(client, alias, ask)
}

// ask is what is asked of the store; without a local part it is the end.
func (s shows) ask(actor string) store.Ask {
	return store.Ask{Want: directory.Properties{LocalPart: strings.ToUpper(s.local), Title: s.title}, Delete: s.local == "", Actor: actor}
}

// number gives the model's new requests their numbers, and notes when they were asked for.
func (w *walk) number() {
	for _, d := range w.all {
		if d.last == nil {
			continue
		}
		if d.last.id == 0 {
			all := must(w.Requests(w.Context()))
			d.last.id = all[len(all)-1].ID // a step makes one at most
		}
		if was, ok := w.revised[d.last]; !ok || was != d.last.want {
			w.asked[d.last], w.revised[d.last] = w.model.now, d.last.want
		}
	}
}

// lasts are the last requests of all distribution groups.
func (w *walk) lasts() (all []*asked) {
	for _, d := range w.all {
		if d.last != nil {
			all = append(all, d.last)
		}
	}
	return all
}

func (w *walk) stepDecide() (got, want error) {
	all := w.lasts()
	if len(all) == 0 {
		return nil, nil
	}
	r := pick(w.rnd, all...)
	ctx, v := w.Context(), store.Verdict{Actor: "approver"}
	switch w.rnd.IntN(4) {
	case 0:
		w.did = fmt.Sprintf("reject %d", r.id)
		_, got = w.RejectRequest(ctx, r.id, v)
		return got, w.decide(r, directory.Rejected)
	case 1:
		w.did = fmt.Sprintf("withdraw %d", r.id)
		_, got = w.WithdrawRequest(ctx, r.id, v)
		return got, w.decide(r, directory.Cancelled)
	}
	w.did = fmt.Sprintf("approve %d", r.id)
	_, got = w.ApproveRequest(ctx, r.id, v)
	return got, w.decide(r, directory.Approved)
}

// stepRecord lets the directory follow, or refuse to.
func (w *walk) stepRecord() {
	all := w.lasts()
	if len(all) == 0 {
		return
	}
	r := pick(w.rnd, all...)
	row := must1(w.Request(w.Context(), r.id))
	if row.State != directory.Approved {
		return
	}
	if w.rnd.IntN(3) == 0 {
		w.did = fmt.Sprintf("%d fails", r.id)
		w.fail(row)
		w.record(r, directory.Failed)
		return
	}
	w.did = fmt.Sprintf("%d is applied", r.id)
	w.follow(row)
	w.record(r, directory.Applied)
}

func must1[A, B any](a A, _ B, err error) A {
	if err != nil {
		panic(err)
	}
	return a
}

func (w *walk) stepLibrary(name, local string) (got, want error) {
	ctx := w.Context()
	if has, ok := w.libraries[name]; ok {
		w.did = "remove library " + name
		delete(w.libraries, name)
		w.giveUp(has)
		return w.RemoveLibrary(ctx, name, false), nil
	}
	w.did = "add library " + name + " " + local
	if w.free(local, nil, "library "+name) {
		w.libraries[name], w.owners[local] = local, holder{name: "library " + name}
	} else {
		want = fault.ErrConflict
	}
	return w.AddLibrary(ctx, library.Library{Name: name, Site: "default", LocalPart: local}), want
}

func (w *walk) stepPolicy() {
	kind := pick(w.rnd, "create", "rename", "modify", "delete")
	w.waits[kind] = !w.waits[kind]
	w.grace, w.keep, w.prefix = pick(w.rnd, 0, 30*day), pick(w.rnd, 0, 10*day), pick(w.rnd, "", "sp-")
	w.did = fmt.Sprintf("policy %s %v %v %v %s", kind, w.waits[kind], w.grace, w.keep, w.prefix)
	w.publishing.set("alias_prefix", w.prefix, "approve_"+kind, fmt.Sprint(w.waits[kind]), "rename_grace", w.grace.String(), "alias_keep", w.keep.String())
}

// compare compares all that there is.
func (w *walk) compare(i int) {
	got, want := map[string]string{}, map[string]string{}
	for _, d := range must(w.Distributions(w.Context())) {
		got[fmt.Sprint(d.Name, d.Client, d.Orphan, d.Now.Title, strings.ToLower(d.Now.LocalPart))] += "x"
	}
	for _, d := range w.all {
		want[fmt.Sprint(d.name, d.client, d.orphan, d.now.title, d.now.local)] += "x"
		if d.last != nil {
			r := must1(w.Request(w.Context(), d.last.id))
			got[fmt.Sprint(r.ID)] = fmt.Sprint(r.State, r.Want.Title, strings.ToLower(r.Want.LocalPart))
			want[fmt.Sprint(r.ID)] = fmt.Sprint(d.last.state, d.last.want.title, d.last.want.local)
		}
	}
	for _, local := range []string{"a", "b", "c", "d", "e"} {
		got["at "+local], want["at "+local] = w.addressee(local), "nobody"
		if h, ok := w.owners[local]; ok {
			switch {
			case h.was:
				want["at "+local] = "reserved"
			case h.of != nil:
				want["at "+local] = h.of.name
			default:
				want["at "+local] = h.name
			}
		}
	}
	w.comparePublished()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("step %d, %s (-want +got):\n%s", i, w.did, diff)
	}
}
