package storetest

import (
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

func requestRows() []catalogRow {
	return []catalogRow{
		{"requests are numbered and come as they were put", func(w catalogWorld) {
			var want []directory.Request
			for i, s := range requestStates() {
				r := request(int64(i+1), []string{"b", "a"}[i%2], s)
				want = append(want, r)
				w.update(func(tx store.Tx) error {
					id, err := tx.InsertRequest(r)
					equal(w, "number", id, r.ID)
					return err
				})
			}
			bare := directory.Request{ID: int64(len(want)) + 1}
			w.update(putRequest(bare))
			want = append(want, bare)
			equal(w, "requests", read(w, allRequests), want)
			equal(w, "request", readRequest(w, 2), want[1])
			equal(w, "the bare one", readRequest(w, bare.ID), bare)
			open := func(tx store.Tx) ([]directory.Request, error) {
				return tx.Requests(directory.Approved, directory.Pending)
			}
			equal(w, "open requests", read(w, open), want[:2])
			of := func(tx store.Tx) ([]directory.Request, error) { return tx.RequestsOf("a") }
			equal(w, "requests of a", read(w, of), requests(want[1], want[3], want[5]))
		}},
		{"UpdateRequest changes everything but the number and whose it is", func(w catalogWorld) {
			was, other := request(1, "d", directory.Pending), request(2, "e", directory.Pending)
			w.update(putRequest(was), putRequest(other))
			r := directory.Request{
				ID: 7, Distribution: "x", Kind: directory.RequestDelete, Before: properties("b"), Want: directory.Properties{},
				State: directory.Rejected, Revision: 9, Decided: noon.Add(time.Hour),
			}
			w.update(updateRequest(was, r))
			r.ID, r.Distribution = 1, "d"
			equal(w, "requests", read(w, allRequests), requests(r, other))
		}},
		{"UpdateRequest is refused where the request is in another state or revision", staleRequest},
		{"a distribution group has one open request", openRequests},
		{"the record of a request has its events, oldest first", func(w catalogWorld) {
			w.update(putRequest(request(0, "d", directory.Pending)), putRequest(request(0, "e", directory.Pending)))
			var want []directory.Event
			for i := range 12 {
				e := directory.Event{
					Request: 1, At: noon.Add(-time.Duration(i) * time.Second), Actor: "a" + hostile,
					From: directory.Pending, To: directory.Approved, Revision: i, Text: hostile,
				}
				want = append(want, e)
				w.update(putEvent(e), putEvent(directory.Event{Request: 2, At: noon}))
			}
			events := func(id int64) []directory.Event {
				return read(w, func(tx store.Tx) ([]directory.Event, error) { return tx.RequestEvents(id) })
			}
			equal(w, "events", events(1), want)
			equal(w, "number of the other's", len(events(2)), 12)
			equal(w, "events of no request", events(3), nil)
		}},
		{"the times of requests keep their microseconds, in UTC", func(w catalogWorld) {
			at := noon.Add(999 * time.Nanosecond).In(time.FixedZone("east", 3600))
			r := request(0, "d", directory.Pending)
			r.Asked, r.Decided, r.Ended, r.Reminded = at, at, at, time.Time{}
			w.update(putRequest(r), putEvent(directory.Event{Request: 1, At: at}))
			got := readRequest(w, 1)
			events := read(w, func(tx store.Tx) ([]directory.Event, error) { return tx.RequestEvents(1) })
			for _, g := range []time.Time{got.Asked, got.Decided, got.Ended, events[0].At} {
				if g != noon { // not Equal: the location counts, too
					w.Errorf("got %#v, want %#v", g, noon)
				}
			}
			equal(w, "no time", got.Reminded, time.Time{})
		}},
	}
}

func requestStates() []directory.RequestState {
	return []directory.RequestState{
		directory.Pending, directory.Approved, directory.Applied, directory.Rejected, directory.Failed, directory.Cancelled,
	}
}

func staleRequest(w catalogWorld) {
	was := request(1, "d", directory.Pending)
	w.update(putRequest(was))
	r := was
	r.State, r.Revision = directory.Approved, 4
	otherState, otherRevision := was, was
	otherState.State, otherRevision.Revision = directory.Approved, 2
	w.refused(fault.ErrStale, "UpdateRequest of another state", updateRequest(otherState, r))
	w.refused(fault.ErrStale, "UpdateRequest of another revision", updateRequest(otherRevision, r))
	w.update(func(tx store.Tx) error {
		_ = tx.UpdateRequest(otherState, r) // the transaction goes on without it
		return putSite("after")(tx)
	})
	equal(w, "request", readRequest(w, 1), was)
	equal(w, "sites", siteNames(w), []string{"after"})
	w.update(updateRequest(was, r))
	equal(w, "request after it was updated", readRequest(w, 1), r)
	w.refused(fault.ErrStale, "UpdateRequest as it was once more", updateRequest(was, r))
}

func openRequests(w catalogWorld) {
	failed := request(1, "d", directory.Failed)
	w.update(putRequest(failed), putRequest(request(0, "d", directory.Pending)), putRequest(request(0, "e", directory.Approved)))
	for _, s := range []directory.RequestState{directory.Pending, directory.Approved} {
		again := failed
		again.State = s
		w.refused(fault.ErrConflict, "InsertRequest beside an open one", putRequest(request(0, "d", s)))
		w.refused(fault.ErrConflict, "UpdateRequest beside an open one", updateRequest(failed, again))
	}
	again := failed
	again.State = directory.Approved
	w.update(func(tx store.Tx) error {
		_ = tx.UpdateRequest(failed, again) // the transaction goes on without it
		return putSite("after")(tx)
	})
	equal(w, "sites", siteNames(w), []string{"after"})
	for _, s := range requestStates()[2:] {
		w.update(putRequest(request(0, "d", s)))
	}
	approved, applied := request(2, "d", directory.Approved), request(2, "d", directory.Applied)
	w.update(updateRequest(request(2, "d", directory.Pending), approved), updateRequest(approved, applied), updateRequest(failed, again))
	equal(w, "the failed one, approved again", readRequest(w, 1), again)
	w.refused(fault.ErrConflict, "InsertRequest beside it", putRequest(request(0, "d", directory.Pending)))
}

func updateRequest(was, r directory.Request) change {
	return func(tx store.Tx) error { return tx.UpdateRequest(was, r) }
}

func putEvent(e directory.Event) change {
	return func(tx store.Tx) error { return tx.InsertRequestEvent(e) }
}

func allRequests(tx store.Tx) ([]directory.Request, error) { return tx.Requests() }

func requests(list ...directory.Request) []directory.Request { return list }

func readRequest(w catalogWorld, id int64) directory.Request {
	w.Helper()
	return read(w, func(tx store.Tx) (directory.Request, error) { return tx.Request(id) })
}
