package sqlcat

import (
	"database/sql"
	"fmt"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

const (
	requestColumns = `id, distribution, name, kind, before, want, state, revision, requester, requester_mail,
		justification, asked, decided, decider, comment, ended, reminded, trouble, failed_as`
	selectRequests = `SELECT ` + requestColumns + ` FROM requests`
	selectRequest  = selectRequests + ` WHERE id = $1`
	insertRequest  = `INSERT INTO requests (` + requestColumns + `)
		VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM requests), $1, $2, $3, $4, $5, $6, $7, $8, $9,
			$10, $11, $12, $13, $14, $15, $16, $17, $18) ON CONFLICT DO NOTHING RETURNING id`

	// A second open request of a distribution group is left out, for a unique value that is
	// taken would end the transaction.
	updateRequest = `UPDATE requests SET name = $4, kind = $5, before = $6, want = $7, state = $8, revision = $9,
			requester = $10, requester_mail = $11, justification = $12, asked = $13, decided = $14, decider = $15,
			comment = $16, ended = $17, reminded = $18, trouble = $19, failed_as = $20
		WHERE id = $1 AND state = $2 AND revision = $3 AND ($8 NOT IN ('pending', 'approved') OR NOT EXISTS (
			SELECT 1 FROM requests o WHERE o.distribution = requests.distribution AND o.id <> requests.id
				AND o.state IN ('pending', 'approved')))`

	insertRequestEvent = `INSERT INTO request_events (request, seq, at, actor, from_state, to_state, revision, text)
		VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM request_events WHERE request = $1), $2, $3, $4, $5, $6, $7)`
	selectRequestEvents = `SELECT request, at, actor, from_state, to_state, revision, text
		FROM request_events WHERE request = $1 ORDER BY seq`
)

func (t *tx) InsertRequest(r directory.Request) (int64, error) {
	what := "request for " + r.Name
	args := append([]any{r.Distribution}, requestValues(r)...)
	ids, err := list(t, what, scalar[int64], insertRequest, args...)
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("%s: another is open: %w", what, fault.ErrConflict)
	}
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

func (t *tx) UpdateRequest(was, r directory.Request) error {
	what := fmt.Sprintf("request %d", was.ID)
	args := append([]any{was.ID, string(was.State), was.Revision}, requestValues(r)...)
	n, err := t.exec(what, updateRequest, args...)
	if err != nil || n > 0 {
		return err
	}
	now, err := t.Request(was.ID)
	switch {
	case err != nil:
		return err
	case now.State != was.State || now.Revision != was.Revision:
		return fmt.Errorf("%s is %s in revision %d: %w", what, now.State, now.Revision, fault.ErrStale)
	}
	return fmt.Errorf("%s: another is open: %w", what, fault.ErrConflict)
}

// requestValues are the columns of a request from its name on.
func requestValues(r directory.Request) []any {
	return []any{
		r.Name, string(r.Kind),
		jsonValue{r.Before},
		jsonValue{r.Want},
		string(r.State), r.Revision,
		r.Requester, r.RequesterMail, r.Justification, timeValue(r.Asked), timeValue(r.Decided), r.Decider, r.Comment,
		timeValue(r.Ended), timeValue(r.Reminded), r.Trouble, int(r.FailedAs),
	}
}

func scanRequest(rows *sql.Rows) (r directory.Request, err error) {
	err = rows.Scan(&r.ID, &r.Distribution, &r.Name, &r.Kind, jsonColumn{&r.Before}, jsonColumn{&r.Want}, &r.State, &r.Revision,
		&r.Requester, &r.RequesterMail, &r.Justification, timeColumn{&r.Asked}, timeColumn{&r.Decided}, &r.Decider, &r.Comment,
		timeColumn{&r.Ended}, timeColumn{&r.Reminded}, &r.Trouble, &r.FailedAs)
	return r, err
}

func (t *tx) Request(id int64) (directory.Request, error) {
	return one(t, fmt.Sprintf("request %d", id), scanRequest, selectRequest, id)
}

func (t *tx) Requests(states ...directory.RequestState) ([]directory.Request, error) {
	where := ""
	args := make([]any, len(states))
	for i, s := range states {
		args[i] = string(s)
	}
	if len(states) > 0 {
		where = ` WHERE state IN (` + placeholders(1, len(states)) + `)`
	}
	return list(t, "requests", scanRequest, selectRequests+where+` ORDER BY id`, args...)
}

func (t *tx) RequestsOf(distribution string) ([]directory.Request, error) {
	return list(t, "requests of "+distribution, scanRequest, selectRequests+` WHERE distribution = $1 ORDER BY id`, distribution)
}

func (t *tx) InsertRequestEvent(e directory.Event) error {
	_, err := t.exec(fmt.Sprintf("record of request %d", e.Request), insertRequestEvent,
		e.Request, timeValue(e.At), e.Actor, string(e.From), string(e.To), e.Revision, e.Text)
	return err
}

func (t *tx) RequestEvents(request int64) ([]directory.Event, error) {
	scan := func(rows *sql.Rows) (e directory.Event, err error) {
		err = rows.Scan(&e.Request, timeColumn{&e.At}, &e.Actor, &e.From, &e.To, &e.Revision, &e.Text)
		return e, err
	}
	return list(t, fmt.Sprintf("record of request %d", request), scan, selectRequestEvents, request)
}
