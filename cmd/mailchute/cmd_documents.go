package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mailchute/pkg/durable"
	"mailchute/pkg/fault"
	"mailchute/store"
)

// documentJSON is a version of a document.
type documentJSON struct {
	Library      string    `json:"library"`
	Folder       string    `json:"folder"`
	Name         string    `json:"name"`
	Version      int       `json:"version"`
	Size         int64     `json:"size"`
	SHA256       string    `json:"sha256"`
	ContentType  string    `json:"content_type"`
	Author       string    `json:"author"`
	Rung         string    `json:"rung"`
	Created      time.Time `json:"created"`
	OriginalName string    `json:"original_name"`
	MessageID    string    `json:"message_id"`
	EmailSender  string    `json:"email_sender"`
	EmailFrom    string    `json:"email_from"`
	EmailTo      string    `json:"email_to"`
	EmailCc      string    `json:"email_cc"`
	EmailSubject string    `json:"email_subject"`
	Part         string    `json:"part"`            // "" is the original message
	Swept        bool      `json:"swept,omitempty"` // the bytes are not kept any more
	Path         string    `json:"path,omitempty"`
}

func newDocumentJSON(d store.Document) documentJSON {
	return documentJSON{
		Library: d.Library, Folder: d.Folder, Name: d.Name, Version: d.Version, Size: d.Content.Size, SHA256: d.Content.Digest.String(),
		ContentType: d.ContentType, Author: d.Author, Rung: d.Rung.String(), Created: d.Created, OriginalName: d.OriginalName,
		MessageID: d.Columns.MessageID, EmailSender: d.Columns.Sender, EmailFrom: d.Columns.From, EmailTo: d.Columns.To,
		EmailCc: d.Columns.Cc, EmailSubject: d.Columns.Subject, Part: d.Part, Swept: d.Swept,
	}
}

func (d documentJSON) cells() []string {
	name := d.Name
	if d.Folder != "" {
		name = d.Folder + "/" + d.Name
	}
	size := bytesText(d.Size)
	if d.Swept {
		size += ", swept"
	}
	return []string{name, strconv.Itoa(d.Version), size, clock(d.Created), d.Author, d.EmailFrom, d.EmailSubject}
}

func (c *cli) documentsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "documents LIBRARY",
		Short:   "List a library's documents",
		Example: "  mailchute documents invoices --json",
		Args:    args("LIBRARY"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			return list(c, columns("NAME", ">VERSION", ">SIZE", "CREATED", "AUTHOR", "FROM", "SUBJECT"),
				"The library has no documents.", f.listDocuments(ctx, args[0]))
		}),
	}
}

// listDocuments yields a library's documents with their paths.
func (f *farm) listDocuments(ctx context.Context, library string) iter.Seq2[documentJSON, error] {
	return func(yield func(documentJSON, error) bool) {
		for shown, err := range f.Documents(ctx, library) {
			d := newDocumentJSON(shown.Document)
			d.Path = f.treePath(shown.TreePath)
			if !yield(d, absent(err, "library %s", library)) {
				return
			}
		}
	}
}

func (c *cli) documentCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "document",
		Short:   "One document: its bytes and its versions",
		Example: "  mailchute document history invoices a.pdf",
	}, c.documentGet(), c.documentHistory())
}

func (c *cli) documentGet() *cobra.Command {
	var version int
	var file string
	cmd := &cobra.Command{
		Use:   "get LIBRARY PATH",
		Short: "Write a document to standard output, or to a file",
		Example: `  mailchute document get invoices a.pdf -o a.pdf
  mailchute document get projects alice@example.com/plan.ods --version 1 | sha256sum`,
		Args: args("LIBRARY", "PATH"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			d, err := f.versionOf(ctx, args[0], args[1], version)
			if err != nil {
				return err
			}
			return c.export(file, 0o644, func() (store.Blob, error) {
				b, err := f.OpenDocument(ctx, d)
				if errors.Is(err, store.ErrDamaged) {
					err = fmt.Errorf("version %d of document %q in library %s: %w", d.Version, args[1], args[0], err)
				}
				if d.Swept {
					err = absent(err, "version %d of document %q in library %s any more: its bytes were swept", d.Version, args[1], args[0])
				}
				return b, err
			})
		}),
	}
	cmd.Flags().IntVar(&version, "version", 0, "`NUMBER` of the version; 0 is the current one")
	cmd.Flags().StringVarP(&file, "output", "o", "", "new `FILE` to write")
	return cmd
}

// versionOf returns a version of a document; 0 is the current one.
func (f *farm) versionOf(ctx context.Context, library, path string, version int) (store.Document, error) {
	all, err := f.versions(ctx, library, path)
	if err != nil {
		return store.Document{}, err
	}
	if version == 0 {
		return all[len(all)-1], nil
	}
	i := slices.IndexFunc(all, func(d store.Document) bool { return d.Version == version })
	if i < 0 {
		return store.Document{}, absent(fault.ErrNotFound, "version %d of document %q in library %s", version, path, library)
	}
	return all[i], nil
}

// versions returns the versions of a document, at least one, oldest first.
func (f *farm) versions(ctx context.Context, library, path string) ([]store.Document, error) {
	if _, err := f.Library(ctx, library); err != nil {
		return nil, absent(err, "library %s", library)
	}
	all, err := f.Versions(ctx, library, path)
	if err == nil && len(all) == 0 {
		err = fault.ErrNotFound
	}
	return all, absent(err, "document %q in library %s", path, library)
}

func (c *cli) documentHistory() *cobra.Command {
	return &cobra.Command{
		Use:     "history LIBRARY PATH",
		Short:   "List the versions of a document",
		Example: "  mailchute document history invoices a.pdf",
		Args:    args("LIBRARY", "PATH"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			all, err := f.versions(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			return list(c, columns("NAME", ">VERSION", ">SIZE", "CREATED", "AUTHOR", "FROM", "SUBJECT"), "",
				each(all, func(d store.Document) (documentJSON, error) { return newDocumentJSON(d), nil }))
		}),
	}
}

// export writes a blob to a new file or, where file is "", to standard output; never to a
// terminal, which would obey what strangers wrote.
func (c *cli) export(file string, perm fs.FileMode, open func() (store.Blob, error)) error {
	if file == "" && isTerminal(c.out) {
		return usage(errors.New("standard output is a terminal: name a file with -o, or use a pipe"))
	}
	b, err := open()
	if err != nil {
		return err
	}
	if file == "" {
		_, err = io.Copy(c.out, b)
	} else {
		err = exportFile(file, perm, b)
	}
	return errors.Join(err, b.Close())
}

// exportFile makes a new file, whole or not at all.
func exportFile(file string, perm fs.FileMode, r io.Reader) error {
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	err = exportTo(dir, filepath.Base(file), perm, r)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s is there already: name a new file: %w", file, fault.ErrConflict)
	}
	return errors.Join(err, dir.Close())
}

func exportTo(dir durable.FS, name string, perm fs.FileMode, r io.Reader) error {
	if _, err := dir.Lstat(name); err == nil {
		return fs.ErrExist
	}
	half := ".mailchute." + rand.Text()
	if err := writeFile(dir, half, perm, r); err != nil {
		return err
	}
	if err := dir.Rename(half, name); err != nil {
		return errors.Join(err, dir.Remove(half))
	}
	return dir.SyncDir(".")
}
