package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"mailchute/pkg/access"
	"mailchute/pkg/config"
	"mailchute/pkg/durable"
	"mailchute/pkg/library"
	"mailchute/pkg/text"
	"mailchute/store"
	"mailchute/testdata"
)

// demoDomain is the mail domain of the demo's messages.
const demoDomain = "demo.example"

func (c *cli) demoCommand() *cobra.Command {
	var keep string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job on mail of our own making",
		Long: `Makes a data folder with three libraries, drops messages shaped like those of real mail
programs, runs the job, and shows what became of them. The folder is removed again, unless
--keep names one.`,
		Example: "  mailchute demo --keep /tmp/mailchute-demo",
		Args:    args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keep != "" {
				return c.demo(cmd.Context(), filepath.Clean(keep), true)
			}
			dir, err := os.MkdirTemp("", "mailchute-demo-")
			if err != nil {
				return err
			}
			return errors.Join(c.demo(cmd.Context(), dir, false), os.RemoveAll(dir))
		},
	}
	cmd.Flags().StringVar(&keep, "keep", "", "use this `DIR`, new or empty, and keep it")
	return cmd
}

// demo shows the main job in dir.
func (c *cli) demo(ctx context.Context, dir string, kept bool) error {
	folder := dataFolder{dir: dir, domains: []string{demoDomain}, format: "eml", senderTrust: access.Claimed.String()}
	if err := folder.make(ctx); err != nil {
		return err
	}
	cfg, err := config.Load(filepath.Join(dir, config.FileName))
	if err != nil {
		return err
	}
	f, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(c.showDemo(ctx, f, kept), f.Close())
}

func (c *cli) showDemo(ctx context.Context, f *farm, kept bool) error {
	if err := f.makeDemo(ctx); err != nil {
		return err
	}
	dropped, err := f.dropDemo()
	if err != nil {
		return err
	}
	p := c.paintFor(c.out)
	sum, err := c.drain(ctx, f, zerolog.Disabled)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(sum)
	}
	_, err = fmt.Fprintf(c.out, `%s were dropped for three libraries of %s: invoices (contributors only),
suggestions (anyone) and projects (a folder for each sender, originals saved).

`, p.bold(count(dropped, "message")), demoDomain)
	if err != nil {
		return err
	}
	if err := printTree(c.out, p, f.parts.libraries.Path()); err != nil {
		return err
	}
	if err := c.printSummary(sum); err != nil || !kept {
		return err
	}
	_, err = fmt.Fprintf(c.out, `
All of it is in %[1]s. Look around:
  mailchute -c %[1]s documents projects
  mailchute -c %[1]s held list
  mailchute -c %[1]s verify
`, text.Safe(filepath.Dir(f.config.File)))
	return err
}

// makeDemo fills the catalog: three libraries, alice who may contribute as a member of
// the team, bob who may only read.
func (f *farm) makeDemo(ctx context.Context) error {
	libraries := []library.Library{
		{Name: "invoices", Settings: library.Settings{Accept: library.AcceptContributors}},
		{Name: "suggestions", Settings: library.Settings{Accept: library.AcceptAnyone}},
		{Name: "projects", Settings: library.Settings{Folders: library.FoldersSender, SaveOriginal: true}},
	}
	for _, l := range libraries {
		l.Site, l.LocalPart, l.Inherit = store.DefaultSite, l.Name, true
		if err := f.AddLibrary(ctx, l); err != nil {
			return err
		}
	}
	for _, login := range []string{"alice", "bob"} {
		if err := f.AddUser(ctx, access.User{Login: login, Addresses: []string{login + "@" + demoDomain}}); err != nil {
			return err
		}
	}
	team := access.Group{Name: "team", Site: store.DefaultSite, Members: []access.Principal{access.UserPrincipal("alice")}}
	if err := f.AddGroup(ctx, team); err != nil {
		return err
	}
	site := access.Scope{Kind: access.ScopeSite, Name: store.DefaultSite}
	return errors.Join(
		f.Grant(ctx, access.Grant{Scope: site, Principal: access.GroupPrincipal("team"), Level: access.Contribute}),
		f.Grant(ctx, access.Grant{Scope: site, Principal: access.UserPrincipal("bob"), Level: access.Read}),
	)
}

// dropDemo puts the demo's messages into the drop folder, and returns how many there are.
func (f *farm) dropDemo() (n int, err error) {
	mail := testdata.Demo()
	names, err := fs.Glob(mail, "*.eml")
	if err != nil {
		return 0, err
	}
	dir, err := durable.Open(f.config.Abs(f.config.Feeds[0].Path))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		message, err := fs.ReadFile(mail, name)
		if err == nil {
			err = writeFile(dir, name, 0o600, bytes.NewReader(message))
		}
		if err != nil {
			return 0, errors.Join(err, dir.Close())
		}
	}
	return len(names), dir.Close()
}
