package mem

import (
	"fmt"
	"slices"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

func (t *tx) InsertRequest(r directory.Request) (int64, error) {
	if r.State.Open() && t.openRequests.has(key(r.Distribution)) {
		return 0, taken("open request for", r.Name)
	}
	t.lastRequest++
	r.ID = t.lastRequest
	t.putRequest(r)
	return r.ID, nil
}

func (t *tx) UpdateRequest(was, r directory.Request) error {
	row, ok := t.requests.get(key(was.ID))
	if !ok {
		return missing("request", was.ID)
	}
	if row.State != was.State || row.Revision != was.Revision {
		return fmt.Errorf("request %d is %s in revision %d: %w", was.ID, row.State, row.Revision, fault.ErrStale)
	}
	if open, ok := t.openRequests.get(key(row.Distribution)); ok && open != row.ID && r.State.Open() {
		return taken("open request for", r.Name)
	}
	if row.State.Open() {
		t.openRequests = t.openRequests.without(key(row.Distribution))
	}
	r.ID, r.Distribution = row.ID, row.Distribution
	t.putRequest(r)
	return nil
}

// putRequest writes a request's row.
func (t *tx) putRequest(r directory.Request) {
	r.Asked, r.Decided, r.Ended, r.Reminded = stored(r.Asked), stored(r.Decided), stored(r.Ended), stored(r.Reminded)
	t.requests = t.requests.put(key(r.ID), r)
	if r.State.Open() {
		t.openRequests = t.openRequests.put(key(r.Distribution), r.ID)
	}
}

func (t *tx) Request(id int64) (directory.Request, error) {
	r, ok := t.requests.get(key(id))
	if !ok {
		return directory.Request{}, missing("request", id)
	}
	return r, nil
}

func (t *tx) Requests(states ...directory.RequestState) ([]directory.Request, error) {
	return slices.DeleteFunc(t.requests.values(""), func(r directory.Request) bool {
		return len(states) > 0 && !slices.Contains(states, r.State)
	}), nil
}

func (t *tx) RequestsOf(distribution string) ([]directory.Request, error) {
	return slices.DeleteFunc(t.requests.values(""), func(r directory.Request) bool { return r.Distribution != distribution }), nil
}

func (t *tx) InsertRequestEvent(e directory.Event) error {
	if !t.requests.has(key(e.Request)) {
		return missing("request", e.Request)
	}
	e.At = stored(e.At)
	t.requestEvents = t.requestEvents.put(key(e.Request, t.next()), e)
	return nil
}

func (t *tx) RequestEvents(request int64) ([]directory.Event, error) {
	return t.requestEvents.values(key(request)), nil
}
