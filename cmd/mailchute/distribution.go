package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/directory"
	"mailchute/store"
)

// distributionJSON is the distribution group of a group.
type distributionJSON struct {
	// State is asked-for, creating, renaming, modifying, deleting, active, conflict, foreign or
	// failed.
	State       string `json:"state"`
	Address     string `json:"address"` // that was approved; "" while none is
	Title       string `json:"title"`
	Description string `json:"description"`
	Manager     string `json:"manager"`
	RequireAuth bool   `json:"require_auth"`
	Request     int64  `json:"request"` // the open one, or the last one where that has failed; 0 is none
	// RequestState is its state; "" where there is none.
	RequestState directory.RequestState `json:"request_state"`
	Dirty        bool                   `json:"dirty"`   // the directory has still to follow
	Missing      []string               `json:"missing"` // members whom the directory does not have
	Trouble      string                 `json:"trouble"`

	asks string // what the request asks for
}

// cells are those of group show.
func (d *distributionJSON) cells() []string {
	if d == nil {
		return []string{"none"}
	}
	state, request, auth := d.State, "none", "no"
	if d.Dirty {
		state += ", the directory has still to follow"
	}
	if d.Request != 0 {
		request = fmt.Sprintf("%d: %s", d.Request, d.asks)
	}
	if d.RequireAuth {
		auth = "yes"
	}
	return []string{
		state, or(d.Address, "-"), or(d.Description, "-"), or(d.Manager, "-"), auth, request,
		or(strings.Join(d.Missing, ", "), "none"), or(d.Trouble, "-"),
	}
}

// brief is the cell of group list.
func (d *distributionJSON) brief() string {
	switch {
	case d == nil:
		return "-"
	case d.Address == "":
		return d.State
	case d.State == string(directory.ObjectActive):
		return d.Address
	}
	return d.Address + ", " + d.State
}

// distributions is what is known of distribution groups at a moment.
type distributions struct {
	all    []store.Distribution
	asked  map[string]directory.Request // the open one, or the last one where that has failed; by key of the distribution
	wanted map[string]directory.Wanted  // by key
	gone   map[string]directory.Known   // by key
	mode   directory.Mode
	domain string
}

func (f *farm) distributions(ctx context.Context) (distributions, error) {
	d := distributions{
		asked: map[string]directory.Request{}, wanted: map[string]directory.Wanted{}, gone: map[string]directory.Known{},
		mode: f.config.DMS.Mode, domain: f.config.Domains[0],
	}
	var err error
	if d.all, err = f.Distributions(ctx); err != nil {
		return d, err
	}
	requests, err := f.Requests(ctx)
	if err != nil {
		return d, err
	}
	for _, r := range requests {
		delete(d.asked, r.Distribution)
		if r.State.Open() || r.State == directory.Failed {
			d.asked[r.Distribution] = r
		}
	}
	policy, err := f.DirectoryPolicy(ctx)
	if err != nil {
		return d, err
	}
	d.domain = or(policy.Domain, d.domain)
	state, err := f.WantedObjects(ctx, f.config.Domains)
	for _, w := range state.Objects {
		d.wanted[w.Object.Key] = w
	}
	for _, k := range state.Gone {
		d.gone[k.Key] = k
	}
	return d, err
}

// of returns that of a group of the catalog; nil where it has none, and none is asked for.
func (d distributions) of(group string) *distributionJSON {
	i := slices.IndexFunc(d.all, func(one store.Distribution) bool { return one.Group == group })
	if i < 0 {
		return nil
	}
	one := d.all[i]
	w, known := d.wanted[one.Key], d.gone[one.Key]
	if w.Object.Key != "" {
		known = w.Known
	}
	asked := d.asked[one.Key]
	if one.Now.LocalPart == "" && asked.ID == 0 && known.ID == "" {
		return nil
	}
	p := one.Now
	shown := distributionJSON{
		State: stateOf(one, known, asked), Title: p.Title, Description: p.Description, Manager: p.Manager, RequireAuth: p.RequireAuth,
		Request: asked.ID, RequestState: asked.State, Missing: append([]string{}, known.Missing...), Trouble: or(known.Trouble, asked.Trouble),
		Dirty: isDirty(w, known, d.mode),
	}
	if p.LocalPart != "" {
		shown.Address = p.LocalPart + "@" + d.domain
	}
	if asked.ID != 0 {
		r := newRequestJSON(asked)
		shown.asks = fmt.Sprintf("%s, %s", r.asks(), r.State)
	}
	return &shown
}

// localPart returns that of a group's distribution group, as it was approved.
func (d distributions) localPart(group string) string {
	for _, one := range d.all {
		if one.Group == group {
			return one.Now.LocalPart
		}
	}
	return ""
}

// stateOf says where a distribution group stands: its object, and what is being done to it.
func stateOf(d store.Distribution, known directory.Known, asked directory.Request) string {
	switch {
	case known.State == directory.ObjectConflict, known.State == directory.ObjectForeign, known.State == directory.ObjectFailed:
		return string(known.State)
	case asked.State == directory.Approved && asked.Kind == directory.RequestRename:
		return "renaming"
	case asked.State == directory.Approved && asked.Kind == directory.RequestModify:
		return "modifying"
	case known.ID != "" && d.Now.LocalPart == "":
		return "deleting"
	case known.ID != "":
		return string(directory.ObjectActive)
	case d.Now.LocalPart != "":
		return "creating"
	case asked.State == directory.Failed:
		return string(directory.Failed)
	}
	return "asked-for"
}

// isDirty reports whether what is wanted of an object differs from what was last written.
func isDirty(w directory.Wanted, known directory.Known, mode directory.Mode) bool {
	if w.Object.Key == "" {
		return known.ID != "" // it is to go
	}
	if known.ID == "" || known.Alias != w.Object.Alias || known.State != directory.ObjectActive {
		return true
	}
	if w.Object.Kind == directory.KindGroup && known.Members != directory.MembersDigest(w.Object.Members) {
		return true
	}
	// Who the manager is in the directory, and the members, only the directory knows.
	applied, managed := directory.Attributes{}, directory.Managed(w.Object.Kind, mode)
	for name, values := range known.Applied {
		if name != directory.AttrManagedBy && slices.Contains(managed, name) {
			applied[name] = values
		}
	}
	return len(directory.Diff(w.Object.Attributes(mode, directory.Ref{}), applied, applied)) > 0
}
