package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/pkg/config"
	"mailchute/pkg/directory"
	"mailchute/pkg/directory/ldapdir"
	"mailchute/pkg/event"
)

// publishes reports whether objects are published anywhere.
func (f *farm) publishes() bool { return f.config.DMS.Publish != config.PublishNone }

// publisher opens the directory that objects are published in; with publish = "none", the
// one that they were published in before.
func (f *farm) publisher(ctx context.Context) (directory.Publisher, error) {
	if f.config.DMS.Container == "" {
		return f.OpenBuiltin(ctx)
	}
	installation, err := f.Installation(ctx)
	if err != nil {
		return nil, err
	}
	o := f.directoryOptions()
	d := f.config.DMS
	if d.BindDN != "" {
		o.BindDN, o.Password = d.BindDN, f.password(d.PasswordFile)
	}
	published, err := ldapdir.OpenPublisher(o, ldapdir.PublisherOptions{
		Container: d.Container, Installation: installation, MarkerAttribute: d.MarkerAttribute, AccountPrefix: d.AccountPrefix,
	})
	if err != nil {
		return nil, misconfigured(fmt.Errorf("%s: %w", f.config.File, err))
	}
	f.parts.closers = append(f.parts.closers, published)
	return published, nil
}

// directoryJob makes the job that publishes.
func (f *farm) directoryJob(ctx context.Context, log zerolog.Logger) (*dms.Job, error) {
	published, err := f.publisher(ctx)
	if err != nil {
		return nil, err
	}
	d := f.config.DMS
	return dms.New(dms.Options{
		Store: f.Store, Publisher: published, Domains: f.config.Domains, Mode: d.Mode,
		MaxDeletes: d.MaxDeletes, MaxDeleteShare: d.MaxDeleteShare, Enforce: d.Enforce,
		KeepForeignMembers: d.KeepForeignMembers, WritesPerSecond: d.WritesPerSecond, Log: log,
	}), nil
}

// needsPublishing is an error where nothing is published.
func (f *farm) needsPublishing() error {
	if f.publishes() {
		return nil
	}
	return misconfigured(fmt.Errorf("%s: nothing is published: dms.publish is %q", f.config.File, config.PublishNone))
}

// The waits for another process that is at work on the directory.
const (
	busyTries = 20
	busyWait  = 250 * time.Millisecond
)

// publish runs the job once, and waits a little for another process that does.
func publish(ctx context.Context, job *dms.Job, why jobs.Trigger, o dms.ApplyOptions) (plan directory.Plan, sum event.Summary, err error) {
	for range busyTries {
		plan, sum, err = job.Apply(ctx, why, o)
		if !errors.Is(err, dms.ErrBusy) {
			return plan, sum, err
		}
		select {
		case <-ctx.Done():
			return plan, sum, ctx.Err()
		case <-time.After(busyWait):
		}
	}
	return plan, sum, err
}

// follow makes the directory follow what a command has changed. It returns why the
// directory has still to follow, "" where it does; an error is the catalog's.
func (c *cli) follow(ctx context.Context, f *farm) (why string, err error) {
	if !f.publishes() {
		return fmt.Sprintf("nothing is published (dms.publish is %q)", config.PublishNone), nil
	}
	job, err := f.directoryJob(ctx, zerolog.Nop())
	if err != nil {
		return "", err
	}
	_, _, err = publish(ctx, job, jobs.Arrival, dms.ApplyOptions{})
	brake, braked := errors.AsType[*directory.BrakeError](err)
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", err
	case braked:
		return brake.Error(), nil
	case errors.Is(err, dms.ErrBusy):
		return err.Error() + ", and does it next", nil
	}
	return fmt.Sprintf("the directory could not be reached: %v: serve tries again", err), nil
}

// followJSON says whether the directory has followed a change.
type followJSON struct {
	Followed bool   `json:"followed"`
	Why      string `json:"why"` // it has not
}

// followed is a request, and what came of it.
type followed struct {
	requestJSON
	Directory followJSON `json:"directory"`
}

// followRequests makes the directory follow, and says what came of each request.
func (c *cli) followRequests(ctx context.Context, f *farm, ids ...int64) error {
	why, err := c.follow(ctx, f)
	if err != nil {
		return err
	}
	var worst error
	for _, id := range ids {
		r, _, err := f.Request(ctx, id)
		if err != nil {
			return err
		}
		said, end := outcomeOf(r, why)
		if worst == nil || errors.Is(end, errSaid) {
			worst = end
		}
		if err := c.say(followed{newRequestJSON(r), followJSON{why == "", why}}, "%s", said); err != nil {
			return err
		}
	}
	return worst
}

// outcomeOf says where a request stands after the directory was made to follow.
func outcomeOf(r directory.Request, why string) (string, error) {
	switch r.State {
	case directory.Pending:
		return fmt.Sprintf("Request %d waits for an approval: mailchute request approve %d", r.ID, r.ID), nil
	case directory.Approved:
		return fmt.Sprintf("Request %d is approved, and not applied yet: %s", r.ID, or(r.Trouble, or(why, "the directory has still to follow"))), errHeld
	case directory.Failed:
		return fmt.Sprintf("Request %d failed: %s. When that is mended: mailchute request approve %d", r.ID, r.Trouble, r.ID), errSaid
	case directory.Applied:
		return fmt.Sprintf("Request %d is applied.", r.ID), nil
	case directory.Rejected, directory.Cancelled:
	}
	return fmt.Sprintf("Request %d is %s.", r.ID, r.State), nil
}
