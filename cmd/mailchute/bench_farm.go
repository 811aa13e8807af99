package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/workload"
	"mailchute/store"
)

const (
	benchDomain = "bench.example"
	benchSender = "alice@" + benchDomain
	// benchFormat has no settling: its writer renames.
	benchFormat = "drop-write"
	// benchSeed is the same always: two machines, or two versions, file the same mail.
	benchSeed = 1
)

// benchLibraries are where the messages go, most of them to the first.
var benchLibraries = []string{"invoices", "plans", "archive"}

// bench is one measurement, step by step.
type bench struct {
	dir      string
	messages int
	line     *progress

	config  config.Config
	mail    mail
	extract extraction
	drained drained
	floor   floor
}

// mail are the messages that were made.
type mail struct {
	tally workload.Tally
	sizes []int64 // of the drop files
}

// makeFarm makes a data folder with libraries and a user who may contribute.
func (b *bench) makeFarm(ctx context.Context) error {
	folder := dataFolder{
		dir: filepath.Join(b.dir, "farm"), domains: []string{benchDomain}, format: benchFormat, senderTrust: access.Claimed.String(),
	}
	if err := folder.make(ctx); err != nil {
		return err
	}
	var err error
	if b.config, err = config.Load(filepath.Join(folder.dir, config.FileName)); err != nil {
		return err
	}
	if err := b.lookForRoom(); err != nil {
		return err
	}
	f, err := openStore(ctx, b.config)
	if err != nil {
		return err
	}
	return errors.Join(f.fillForBench(ctx), f.Close())
}

func (f *farm) fillForBench(ctx context.Context) error {
	for _, name := range benchLibraries {
		if err := f.AddLibrary(ctx, library.Library{Name: name, LocalPart: name, Site: store.DefaultSite, Inherit: true}); err != nil {
			return err
		}
	}
	if err := f.AddUser(ctx, access.User{Login: "alice", Addresses: []string{benchSender}}); err != nil {
		return err
	}
	site := access.Scope{Kind: access.ScopeSite, Name: store.DefaultSite}
	return f.Grant(ctx, access.Grant{Scope: site, Principal: access.UserPrincipal("alice"), Level: access.Contribute})
}

// What a measurement takes at most: a message's drop file, and its blobs twice, once
// more for the floor; and what a farm takes without mail, and the speeds.
const (
	roomPerMessage = 640_000
	roomForItself  = 100_000_000
)

// lookForRoom says whether the messages fit, and leave as much free as a store does.
func (b *bench) lookForRoom() error {
	fsys, err := durable.Open(b.dir)
	if err != nil {
		return err
	}
	free, total, err := fsys.Space()
	if err = errors.Join(err, fsys.Close()); err != nil {
		return err
	}
	need, spare := float64(b.messages)*roomPerMessage+roomForItself, b.config.Store.MinFree*float64(total)
	if float64(free) >= need+spare {
		return nil
	}
	return fmt.Errorf("%s has %s free; %s need %s, and %s must stay free (min_free): ask for less with --messages, or measure on another disk with --dir",
		filepath.Dir(b.dir), decimal(float64(free)), count(b.messages, "message"), decimal(need), decimal(spare))
}

// dropMail puts the messages into the drop folder.
func (b *bench) dropMail(ctx context.Context) error {
	drop := b.config.Abs(b.config.Feeds[0].Path)
	for _, name := range []string{"tmp", "new", "cur"} {
		if err := makeFolder(filepath.Join(drop, name)); err != nil {
			return err
		}
	}
	fsys, err := durable.Open(filepath.Join(drop, "new"))
	if err != nil {
		return err
	}
	b.mail, err = makeMail(ctx, fsys, b.messages)
	return errors.Join(err, fsys.Close())
}

// makeMail writes messages as files of their own, and makes them durable: mail that has
// arrived has been written, and is no burden to who files it.
func makeMail(ctx context.Context, fsys durable.FS, messages int) (made mail, err error) {
	o := workload.Options{Seed: benchSeed, From: benchSender}
	for _, name := range benchLibraries {
		o.To = append(o.To, name+"@"+benchDomain)
	}
	set := workload.New(o)
	out := bufio.NewWriterSize(nil, 64<<10)
	for i := range messages {
		if err := ctx.Err(); err != nil {
			return made, err
		}
		if err := made.write(fsys, mailName(i), set.Message(i), out); err != nil {
			return made, err
		}
	}
	return made, fsys.Barrier()
}

// write writes a drop file: the envelope as a delivery program writes it, and the message.
func (made *mail) write(fsys durable.FS, name string, m workload.Message, out *bufio.Writer) error {
	f, err := fsys.Create(name, 0o600)
	if err != nil {
		return err
	}
	out.Reset(f)
	envelope := fmt.Sprintf("X-Sender: <%s>\nX-Receiver: <%s>\nX-EndOfInjectedXHeaders: 1\n",
		m.Sender, strings.Join(m.Recipients, ">\nX-Receiver: <"))
	_, err = out.WriteString(envelope)
	tally, wrong := m.Write(out)
	if err = errors.Join(err, wrong, out.Flush(), f.Close()); err != nil {
		return err
	}
	tally.Bytes += int64(len(envelope))
	made.tally.Add(tally)
	made.sizes = append(made.sizes, tally.Bytes)
	return nil
}

// emptyFolder opens a folder, which it makes where there is none, for a whole set of files.
func emptyFolder(dir string) (durable.FS, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := makeFolder(dir); err != nil {
			return nil, err
		}
	}
	fsys, err := durable.Open(dir)
	if err != nil {
		return nil, err
	}
	for _, err := range fsys.List(".") {
		if err == nil {
			err = fmt.Errorf("%s is not empty: name a new folder: %w", dir, fault.ErrConflict)
		}
		return nil, errors.Join(err, fsys.Close())
	}
	return fsys, nil
}

// mailName is the name of a drop file.
func mailName(number int) string { return fmt.Sprintf("%06d.eml", number) }
