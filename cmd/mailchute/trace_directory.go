package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// publishedTraceJSON is one thing that happened to what is published: a transition of a
// request, or a write to the directory. What says which fields it has.
type publishedTraceJSON struct {
	At       time.Time              `json:"at"`
	What     string                 `json:"what"` // request or write
	Of       string                 `json:"of"`
	Actor    string                 `json:"actor"`
	Request  int64                  `json:"request,omitempty"`
	From     directory.RequestState `json:"from,omitempty"`
	To       directory.RequestState `json:"to,omitempty"`
	Revision int                    `json:"revision,omitempty"`
	Text     string                 `json:"text,omitempty"`
	Asks     string                 `json:"asks,omitempty"`
	Run      string                 `json:"run,omitempty"`
	Action   directory.Action       `json:"action,omitempty"`
	Where    string                 `json:"where,omitempty"`
	Changes  []changeJSON           `json:"changes,omitempty"`
	Trouble  string                 `json:"trouble,omitempty"` // why it was not written
}

func (t publishedTraceJSON) cells() []string {
	if t.What == "request" {
		e := requestEventJSON{t.At, "", t.From, t.To, t.Revision, t.Text}
		said := fmt.Sprintf("%d: %s", t.Request, e.said())
		if t.Asks != "" {
			said += ": " + t.Asks
		}
		return []string{clock(t.At), t.What, t.Of, or(t.Actor, "-"), said}
	}
	said := strings.TrimSpace(string(t.Action) + " " + t.Where)
	for _, ch := range t.Changes {
		said += "; " + ch.line()
	}
	if t.Trouble != "" {
		said += "; not done: " + t.Trouble
	}
	return []string{clock(t.At), t.What, t.Of, or(t.Actor, "-"), said}
}

// publishedKinds are the prefixes of what trace takes beside messages.
func publishedKinds() []string { return []string{"group", "library", "contact", "request"} }

// isPublished reads the argument of trace that names something that is published.
func isPublished(arg string) (kind, name string, ok bool) {
	kind, name, ok = strings.Cut(arg, ":")
	return kind, name, ok && name != "" && slices.Contains(publishedKinds(), kind)
}

// tracePublished prints what happened to something that is published, by time.
func (c *cli) tracePublished(ctx context.Context, f *farm, kind, name string) error {
	var requests []directory.Request
	var all []publishedTraceJSON
	of, since := []string{kind + " " + name}, time.Time{}
	switch kind {
	case "request":
		id, err := requestID(name)
		if err != nil {
			return err
		}
		r, _, err := f.Request(ctx, id)
		if err != nil {
			return absent(err, "request %d", id)
		}
		requests, of = []directory.Request{r}, []string{r.Distribution}
	case "contact":
		of = []string{kind + " " + strings.ToLower(name)}
	case "group":
		of = append(of, "group "+strings.ToLower(name)+" of another farm") // as store.Distribution.Name
		every, err := f.Requests(ctx)
		if err != nil {
			return err
		}
		for _, r := range every {
			if slices.Contains(of, r.Name) {
				requests = append(requests, r)
			}
		}
	}
	for _, r := range requests {
		_, events, err := f.Request(ctx, r.ID)
		if err != nil {
			return err
		}
		if kind == "request" && len(events) > 0 {
			since = events[0].At
		}
		all = append(all, traceOfRequest(r, events)...)
	}
	for _, one := range of {
		writes, err := f.DirectoryWrites(ctx, one)
		if err != nil {
			return err
		}
		for _, w := range writes {
			if !w.At.Before(since) {
				all = append(all, traceOfWrite(w))
			}
		}
	}
	if len(all) == 0 {
		if err := f.thereIs(ctx, kind, name); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b publishedTraceJSON) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	return list(c, columns("AT", "WHAT", "OF", "WHO", "DETAIL"), "Nothing of it was asked for or published.",
		each(all, func(t publishedTraceJSON) (publishedTraceJSON, error) { return t, nil }))
}

func traceOfRequest(r directory.Request, events []directory.Event) (all []publishedTraceJSON) {
	for _, e := range events {
		t := publishedTraceJSON{
			At: e.At, What: "request", Of: r.Name, Actor: e.Actor, Request: r.ID, From: e.From, To: e.To, Revision: e.Revision, Text: e.Text,
		}
		if e.From == "" && r.Kind == directory.RequestDelete { // what others ask for stands in the text, as it was by then
			t.Asks = string(r.Kind) + ": " + newRequestJSON(r).asks()
		}
		all = append(all, t)
	}
	return all
}

func traceOfWrite(w store.DirectoryWrite) publishedTraceJSON {
	return publishedTraceJSON{
		At: w.At, What: "write", Of: w.Of, Actor: w.Actor, Run: w.Run, Action: w.Action, Where: w.Where,
		Changes: newChanges(w.Changes), Trouble: w.Trouble,
	}
}

// thereIs returns nil where something that may be published is in the catalog.
func (f *farm) thereIs(ctx context.Context, kind, name string) error {
	switch kind {
	case "group":
		_, err := f.group(ctx, name)
		return err
	case "library":
		_, err := f.Library(ctx, name)
		return absent(err, "library %s", name)
	case "contact":
		all, err := f.FarmContacts(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(one store.FarmContact) bool { return strings.EqualFold(one.Alias, name) }) {
			return absent(fault.ErrNotFound, "contact %s of another farm", name)
		}
	}
	return nil
}
