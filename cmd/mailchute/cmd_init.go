package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/pkg/text"
	"mailchute/store/sqlite"
)

// unfinished is in a data folder until it is complete. An init that finds it goes on
// where the other one was cut off.
const unfinished = ".mailchute-init"

// dataFolder is what init makes.
type dataFolder struct {
	dir         string
	domains     []string
	format      string
	senderTrust string
}

func (c *cli) initCommand() *cobra.Command {
	var d dataFolder
	cmd := &cobra.Command{
		Use:   "init DIR --domain DOMAIN --format FORMAT",
		Short: "Make a data folder",
		Long: `Makes DIR, or fills it where it is empty: mailchute.toml with every setting explained, an
empty catalog, and the folders for documents and for the drop. DIR can be moved later: the
paths in its mailchute.toml count from there.

Formats, by what writes the drop folder:
  postfix      maildir by Postfix's virtual(8) or local(8), also through maildrop or procmail
  exim         maildir by Exim's appendfile
  exim-files   *.eml files by Exim's appendfile, one for all recipients of a message
  opensmtpd    maildir by OpenSMTPD
  dovecot      maildir by Dovecot's LMTP server, one recipient in each transaction
  drop-write   maildir with an X-Sender/X-Receiver block, by mailchute put
  iis          the drop folder of the SMTP service of IIS, on an SMB mount
  exchange     the drop folder of an Exchange foreign connector, on an SMB mount
  pickup       *.eml files by .NET programs (SpecifiedPickupDirectory); not beside an MTA
  eml          *.eml files by scripts, tests and people; not beside an MTA
  custom       what [feed.custom] of mailchute.toml says`,
		Example: `  mailchute init /srv/mailchute --domain docs.example.com --format postfix
  mailchute init ./try --domain docs.example.com --format eml --sender-trust claimed`,
		Args: args("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d.dir = filepath.Clean(args[0])
			return c.init(cmd.Context(), d)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&d.domains, "domain", nil, "mail `DOMAIN` whose mail is ours; may be repeated")
	flags.StringVar(&d.format, "format", "", "`FORMAT` of the drop folder: "+strings.Join(drop.Formats(), ", "))
	flags.StringVar(&d.senderTrust, "sender-trust", access.Aligned.String(), "how sure we must be of a sender: claimed, aligned or proven")
	offer(cmd, "format", drop.Formats()...)
	offer(cmd, "sender-trust", rungs()...)
	return cmd
}

func (c *cli) init(ctx context.Context, d dataFolder) error {
	if err := d.make(ctx); err != nil {
		return err
	}
	made := struct {
		Dir    string `json:"dir"`
		Config string `json:"config"`
	}{d.dir, filepath.Join(d.dir, config.FileName)}
	if err := c.say(made, "Made the data folder %s.", made.Dir); err != nil || c.json {
		return err
	}
	_, err := fmt.Fprintf(c.out, `Next, for example:
  cd %s
  mailchute library add invoices
  mailchute user add alice --address alice@%s
  mailchute grant library:invoices user:alice contribute
  mailchute check
`, text.Safe(d.dir), d.domains[0])
	return err
}

// make makes the data folder. Where it fails, or is cut off, it can be called again.
func (d dataFolder) make(ctx context.Context) error {
	toml, err := d.configuration()
	if err != nil {
		return err
	}
	fsys, err := d.open()
	if err != nil {
		return err
	}
	return errors.Join(d.fill(ctx, fsys, toml), fsys.Close())
}

// configuration returns the text of mailchute.toml, after it has been read back: what
// was wrong with the flags is known before anything is made.
func (d dataFolder) configuration() ([]byte, error) {
	switch {
	case len(d.domains) == 0:
		return nil, usage(errors.New("--domain is missing: name the mail domain whose mail is ours"))
	case d.format == "":
		return nil, usage(fmt.Errorf("--format is missing: name how the drop folder is written: %s", strings.Join(drop.Formats(), ", ")))
	case !slices.Contains(drop.Formats(), d.format):
		return nil, usage(fmt.Errorf("--format %q: there are %s", d.format, strings.Join(drop.Formats(), ", ")))
	}
	if _, err := access.ParseRung(d.senderTrust); err != nil {
		return nil, usage(fmt.Errorf("--sender-trust: %w", err))
	}
	toml, err := config.Sample(d.domains, config.Feed{Name: "incoming", Path: "drop", Format: d.format})
	if err != nil {
		return nil, err
	}
	_, err = config.Parse(filepath.Join(d.dir, config.FileName), toml)
	if wrong, ok := errors.AsType[*config.Error](err); ok {
		return nil, usage(errors.New(wrong.Problem))
	}
	return toml, err
}

// open opens the folder, which it makes where there is none, and marks it unfinished.
func (d dataFolder) open() (durable.FS, error) {
	if _, err := os.Stat(d.dir); errors.Is(err, fs.ErrNotExist) {
		if err := makeFolder(d.dir); err != nil {
			return nil, err
		}
	}
	fsys, err := durable.Open(d.dir)
	if err != nil {
		return nil, err
	}
	if err := d.mark(fsys); err != nil {
		return nil, errors.Join(err, fsys.Close())
	}
	return fsys, nil
}

// makeFolder makes a folder in one that exists.
func makeFolder(path string) error {
	parent, err := durable.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("%w: name a folder in one that exists", err)
	}
	err = parent.Mkdir(filepath.Base(path), 0o755)
	if err == nil {
		err = parent.SyncDir(".")
	}
	return errors.Join(err, parent.Close())
}

// mark marks an empty folder as unfinished.
func (d dataFolder) mark(fsys durable.FS) error {
	empty, marked := true, false
	for entry, err := range fsys.List(".") {
		if err != nil {
			return err
		}
		empty, marked = false, marked || entry.Name() == unfinished
	}
	switch {
	case marked:
		return nil
	case !empty:
		return fmt.Errorf("%s is not empty: name a new folder: %w", d.dir, fault.ErrConflict)
	}
	f, err := fsys.Create(unfinished, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), fsys.SyncDir("."))
}

// fill makes what is not there yet, the configuration last.
func (d dataFolder) fill(ctx context.Context, fsys durable.FS, toml []byte) error {
	lock, err := fsys.Lock(unfinished)
	if err != nil {
		return fmt.Errorf("another mailchute init works here: %w", err)
	}
	defer lock.Close() //nolint:errcheck // the lock ends with the process in any case
	folders := map[string]fs.FileMode{"blobs": 0o700, "locks": 0o700, "libraries": 0o755, "drop": 0o770}
	for name, mode := range folders {
		if err := fsys.Mkdir(name, mode); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := d.makeCatalog(ctx, toml); err != nil {
		return err
	}
	const half = unfinished + ".toml"
	if err := fsys.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeFile(fsys, half, 0o644, bytes.NewReader(toml)); err != nil {
		return err
	}
	if err := fsys.Replace(half, config.FileName); err != nil {
		return err
	}
	if err := fsys.Barrier(); err != nil {
		return err
	}
	if err := fsys.Remove(unfinished); err != nil {
		return err
	}
	return fsys.SyncDir(".")
}

// makeCatalog makes the catalog with the farm's policy.
func (d dataFolder) makeCatalog(ctx context.Context, toml []byte) error {
	file, err := filepath.Abs(filepath.Join(d.dir, config.FileName))
	if err != nil {
		return err
	}
	cfg, err := config.Parse(file, toml)
	if err != nil {
		return err
	}
	catalog, err := sqlite.Open(ctx, cfg.Abs(cfg.Store.Catalog))
	if err != nil {
		return err
	}
	if err := catalog.Close(); err != nil {
		return err
	}
	f, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(f.SetSettings(ctx, map[string]string{"sender_trust": d.senderTrust}), f.Close())
}

// writeFile makes a file with the bytes of r, whole and durable or not at all; its name
// is durable when the folder has been synced.
func writeFile(fsys durable.FS, name string, mode fs.FileMode, r io.Reader) error {
	f, err := fsys.Create(name, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fsys.Remove(name))
	}
	return nil
}
