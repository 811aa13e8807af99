package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailchute/pkg/directory"
)

// requestJSON is a request to change a distribution group.
type requestJSON struct {
	ID            int64                  `json:"id"`
	Name          string                 `json:"name"` // whose it is: "group team"
	Kind          directory.RequestKind  `json:"kind"`
	State         directory.RequestState `json:"state"`
	Revision      int                    `json:"revision"`
	Before        directory.Properties   `json:"before"`
	Want          directory.Properties   `json:"want"`
	Requester     string                 `json:"requester"`
	RequesterMail string                 `json:"requester_mail"`
	Justification string                 `json:"justification"`
	Asked         time.Time              `json:"asked"`
	Decided       *time.Time             `json:"decided"`
	Decider       string                 `json:"decider"`
	Comment       string                 `json:"comment"`
	Ended         *time.Time             `json:"ended"`
	Trouble       string                 `json:"trouble"`
}

func newRequestJSON(r directory.Request) requestJSON {
	return requestJSON{
		r.ID, r.Name, r.Kind, r.State, r.Revision, r.Before, r.Want, r.Requester, r.RequesterMail, r.Justification,
		r.Asked, timeOrNull(r.Decided), r.Decider, r.Comment, timeOrNull(r.Ended), r.Trouble,
	}
}

func (r requestJSON) cells() []string {
	return []string{
		strconv.FormatInt(r.ID, 10), string(r.State), string(r.Kind), r.Name, r.asks(), r.Requester, clock(r.Asked), or(r.Trouble, "-"),
	}
}

// asks says what would change: "local_part team -> staff, title "" -> The team".
func (r requestJSON) asks() string {
	if r.Kind == directory.RequestDelete {
		return or(r.Before.LocalPart, "it") + " goes"
	}
	var words []string
	for _, d := range alterations("", "", r.Before, r.Want) {
		if d.From == "" || d.From == false {
			words = append(words, d.Setting+" "+showValue(d.Setting, d.To))
			continue
		}
		words = append(words, d.Setting+" "+showValue(d.Setting, d.From)+" -> "+showValue(d.Setting, d.To))
	}
	return or(strings.Join(words, ", "), "nothing else")
}

func (c *cli) requestCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:   "request",
		Short: "Requests for distribution groups: approve them, or not",
		Long: `group set asks for a distribution group, or for a change of one; so does a SharePoint farm that uses
mailchute as its directory service. What needs an approval says settings show: approve_create,
approve_rename, approve_modify, approve_delete. A group has one open request at most.

A request that is approved is done at once, and is applied when the directory has it. Where the
directory cannot be reached it stays approved, and serve tries again. One that the directory
cannot take has failed: approve it again when what is in its way is gone. While a request waits,
who asked for it may edit it by asking again (its revision goes up), and it can be withdrawn.`,
		Example: "  mailchute request list",
	}, c.requestList(), c.requestShow(), c.requestApprove(), c.requestReject(), c.requestWithdraw())
}

func requestStates() []string {
	var all []string
	for _, s := range []directory.RequestState{directory.Pending, directory.Approved, directory.Applied, directory.Rejected, directory.Failed, directory.Cancelled} {
		all = append(all, string(s))
	}
	return all
}

func (c *cli) requestList() *cobra.Command {
	var all bool
	var state string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the open requests, or those of another state",
		Example: `  mailchute request list
  mailchute request list --state failed --json`,
		Args: args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			states := []directory.RequestState{directory.Pending, directory.Approved}
			none := "There are no open requests. With --all, those that have ended are listed, too."
			switch {
			case all && state != "":
				return usage(errors.New("--all and --state exclude each other"))
			case all:
				states, none = nil, "There are no requests."
			case state != "" && !slices.Contains(requestStates(), state):
				return usage(fmt.Errorf("--state %q: there are %s", state, enumerate(requestStates())))
			case state != "":
				states, none = []directory.RequestState{directory.RequestState(state)}, "There are no such requests."
			}
			requests, err := f.Requests(ctx, states...)
			if err != nil {
				return err
			}
			return list(c, columns(">ID", "STATE", "KIND", "OF", "ASKS FOR", "REQUESTER", "ASKED", "TROUBLE"), none,
				each(requests, func(r directory.Request) (requestJSON, error) { return newRequestJSON(r), nil }))
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that have ended")
	cmd.Flags().StringVar(&state, "state", "", "those of one `STATE`: "+strings.Join(requestStates(), ", "))
	offer(cmd, "state", requestStates()...)
	return cmd
}

// requestShown is a request with what happened to it.
type requestShown struct {
	requestJSON
	Events []requestEventJSON `json:"events"` // oldest first
}

// requestEventJSON is a transition of a request.
type requestEventJSON struct {
	At       time.Time              `json:"at"`
	Actor    string                 `json:"actor"`
	From     directory.RequestState `json:"from"`
	To       directory.RequestState `json:"to"`
	Revision int                    `json:"revision"`
	Text     string                 `json:"text"`
}

func newRequestEventJSON(e directory.Event) requestEventJSON {
	return requestEventJSON{e.At, e.Actor, e.From, e.To, e.Revision, e.Text}
}

// said says of an event what happened: "pending -> approved by alice (as we agreed)".
func (e requestEventJSON) said() string {
	s := string(e.To)
	switch {
	case e.From == "":
		s = "asked for"
	case e.From == e.To && e.To == directory.Pending:
		s = fmt.Sprintf("revision %d", e.Revision)
	case e.From != e.To:
		s = string(e.From) + " -> " + string(e.To)
	}
	if e.Actor != "" {
		s += " by " + e.Actor
	}
	if e.Text != "" {
		s += " (" + e.Text + ")"
	}
	return s
}

func (r requestShown) cells() []string {
	var events []string
	for _, e := range r.Events {
		events = append(events, clock(e.At)+" "+e.said())
	}
	decided := "-"
	if r.Decided != nil {
		decided = clock(*r.Decided) + " by " + r.Decider
	}
	return []string{
		strconv.FormatInt(r.ID, 10), string(r.State), string(r.Kind), r.Name, r.asks(), strconv.Itoa(r.Revision),
		r.who(), or(r.Justification, "-"), clock(r.Asked), decided, or(r.Comment, "-"), or(r.Trouble, "-"),
		strings.Join(events, "; "),
	}
}

// who says who asked: "alice <alice@example.com>".
func (r requestJSON) who() string {
	if r.RequesterMail == "" {
		return r.Requester
	}
	return fmt.Sprintf("%s <%s>", r.Requester, r.RequesterMail)
}

func (c *cli) requestShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show a request, and what happened to it",
		Example: "  mailchute request show 3",
		Args:    args("ID"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			r, err := f.requestShown(ctx, args[0])
			if err != nil {
				return err
			}
			return c.show(r, "Request", "State", "Kind", "Of", "Asks for", "Revision", "Requester", "Justification", "Asked", "Decided", "Comment", "Trouble", "Events")
		}),
	}
}

func (f *farm) requestShown(ctx context.Context, arg string) (requestShown, error) {
	id, err := requestID(arg)
	if err != nil {
		return requestShown{}, err
	}
	r, events, err := f.Request(ctx, id)
	if err != nil {
		return requestShown{}, absent(err, "request %d", id)
	}
	shown := requestShown{newRequestJSON(r), []requestEventJSON{}}
	for _, e := range events {
		shown.Events = append(shown.Events, newRequestEventJSON(e))
	}
	return shown, nil
}

func requestID(arg string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || id < 1 {
		return 0, usage(fmt.Errorf("%q is no request: use the number that mailchute request list shows", arg))
	}
	return id, nil
}
