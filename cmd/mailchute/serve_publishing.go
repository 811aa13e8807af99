package main

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs"
	"mailchute/jobs/dms"
	"mailchute/jobs/remote"
)

// The waits of the service for farms: after it failed, and between two looks whether the
// data folder is where it was.
const (
	remoteRetry = 30 * time.Second
	remoteLook  = 2 * time.Second
)

// publishing is what serve does for the directory: the job, and the service for farms.
type publishing struct {
	farm *farm
	home home
	log  zerolog.Logger
	job  *dms.Job // nil: nothing is published
	bell *jobs.Bell
}

func (f *farm) newPublishing(ctx context.Context, h home, log zerolog.Logger) (p publishing, err error) {
	p = publishing{farm: f, home: h, log: log, bell: jobs.NewBell()}
	if f.publishes() {
		p.job, err = f.directoryJob(ctx, log)
	}
	return p, err
}

// run begins what is to run until ctx is done.
func (p publishing) run(ctx context.Context, running *sync.WaitGroup) {
	if p.job != nil {
		running.Go(func() { p.job.Watch(ctx, p.bell.Ring) })
		running.Go(func() { jobs.Loop(ctx, atHome{p.job, p.home}, p.bell, jobs.Pace{}, p.log) })
	}
	if p.farm.config.Remote.Listen != "" {
		running.Go(func() { p.answer(ctx) })
	}
}

// answer answers farms until ctx is done, and begins again where that fails.
func (p publishing) answer(ctx context.Context) {
	var trouble jobs.Trouble
	report := func(err error) {
		trouble.Report(p.log, err, "Farms are not answered; it will be tried again.", "Farms are answered again.")
	}
	o := p.farm.remoteOptions(p.log)
	o.Changed = p.bell.Ring
	o.Listening = func(string) { report(nil) }
	for ctx.Err() == nil {
		err := p.home.stay()
		if err == nil {
			err = p.answerAtHome(ctx, o)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			report(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(remoteRetry):
		}
	}
}

// answerAtHome answers farms for as long as the data folder is where it was.
func (p publishing) answerAtHome(ctx context.Context, o remote.ServeOptions) error {
	here, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	go func() {
		for {
			select {
			case <-here.Done():
				return
			case <-time.After(remoteLook):
			}
			if err := p.home.stay(); err != nil {
				leave(err)
			}
		}
	}()
	if err := remote.Serve(here, o); err != nil {
		return err
	}
	return context.Cause(here)
}

// remoteOptions are what the service for farms is made of.
func (f *farm) remoteOptions(log zerolog.Logger) remote.ServeOptions {
	r := f.config.Remote
	path := func(written string) string {
		if written == "" {
			return ""
		}
		return f.config.Abs(written)
	}
	return remote.ServeOptions{
		Options: remote.Options{Store: f.Store, URL: r.URL, Clients: r.Clients, UsersFile: path(r.UsersFile), Log: log},
		Listen:  r.Listen, CertificateFile: path(r.CertificateFile), KeyFile: path(r.KeyFile), ClientCAFile: path(r.ClientCAFile),
	}
}
