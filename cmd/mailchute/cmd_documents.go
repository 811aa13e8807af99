package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

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
	Part         string    `json:"part"`              // "" is the original message
	Swept        bool      `json:"swept,omitempty"`   // the bytes are not kept any more
	Removed      bool      `json:"removed,omitempty"` // the document was removed, by the author
	Path         string    `json:"path,omitempty"`

	EmailDate       string  `json:"email_date"` // as written
	EmailInReplyTo  string  `json:"email_in_reply_to"`
	EmailReferences string  `json:"email_references"`
	EmailHeaders    *string `json:"email_headers,omitempty"` // on request; "" was not kept
}

func newDocumentJSON(d store.Document) documentJSON {
	digest, rung := d.Content.Digest.String(), d.Rung.String()
	if d.Removed {
		digest, rung = "", ""
	}
	return documentJSON{
		Library: d.Library, Folder: d.Folder, Name: d.Name, Version: d.Version, Size: d.Content.Size, SHA256: digest,
		ContentType: d.ContentType, Author: d.Author, Rung: rung, Created: d.Created, OriginalName: d.OriginalName,
		MessageID: d.Columns.MessageID, EmailSender: d.Columns.Sender, EmailFrom: d.Columns.From, EmailTo: d.Columns.To,
		EmailCc: d.Columns.Cc, EmailSubject: d.Columns.Subject, Part: d.Part, Swept: d.Swept, Removed: d.Removed,
		EmailDate: d.Columns.Date, EmailInReplyTo: d.Columns.InReplyTo, EmailReferences: d.Columns.References,
	}
}

func (d documentJSON) cells() []string {
	name := d.Name
	if d.Folder != "" {
		name = d.Folder + "/" + d.Name
	}
	size := bytesText(d.Size)
	switch {
	case d.Removed:
		size = "removed"
	case d.Swept:
		size += ", swept"
	}
	return []string{name, strconv.Itoa(d.Version), size, clock(d.Created), d.Author, d.EmailFrom, d.EmailSubject}
}

func (c *cli) documentsCommand() *cobra.Command {
	var headers bool
	cmd := &cobra.Command{
		Use:   "documents LIBRARY",
		Short: "List a library's documents",
		Example: `  mailchute documents invoices
  mailchute documents invoices --json --headers`,
		Args: args("LIBRARY"),
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			if headers && !c.json {
				return usage(errors.New("--headers goes with --json: a header has many lines"))
			}
			return list(c, columns("NAME", ">VERSION", ">SIZE", "CREATED", "AUTHOR", "FROM", "SUBJECT"),
				"The library has no documents.", f.listDocuments(ctx, args[0], headers))
		}),
	}
	cmd.Flags().BoolVar(&headers, "headers", false, "with --json, the whole header of each one's message, \"\" where the library did not keep it")
	return cmd
}

// listDocuments yields a library's documents with their paths, and with the headers of
// their messages where these are wanted.
func (f *farm) listDocuments(ctx context.Context, library string, headers bool) iter.Seq2[documentJSON, error] {
	return func(yield func(documentJSON, error) bool) {
		for shown, err := range f.Documents(ctx, library) {
			d := newDocumentJSON(shown.Document)
			d.Path = f.treePath(shown.TreePath)
			if headers && err == nil {
				var header string
				header, err = f.Header(ctx, shown.Document)
				d.EmailHeaders = &header
			}
			if !yield(d, absent(err, "library %s", library)) {
				return
			}
		}
	}
}

func (c *cli) documentCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "document",
		Short:   "One document: its bytes, its versions, its end",
		Example: "  mailchute document history invoices a.pdf",
	}, c.documentGet(), c.documentHistory(), c.documentRemove())
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
			return c.export(file, 0o644, func() (store.Blob, error) { return f.openVersion(ctx, d) })
		}),
	}
	cmd.Flags().IntVar(&version, "version", 0, "`NUMBER` of the version; 0 is the current one")
	cmd.Flags().StringVarP(&file, "output", "o", "", "new `FILE` to write")
	return cmd
}

// openVersion opens the bytes of a version. Where they cannot be had, the error says what
// can.
func (f *farm) openVersion(ctx context.Context, d store.Document) (store.Blob, error) {
	switch {
	case d.Removed:
		return nil, gone(d)
	case d.Swept:
		return nil, absent(fault.ErrNotFound, "version %d of document %q in library %s any more: its bytes were swept", d.Version, d.Path(), d.Library)
	}
	b, err := f.OpenDocument(ctx, d)
	if errors.Is(err, store.ErrDamaged) {
		err = fmt.Errorf("version %d of document %q in library %s: %w", d.Version, d.Path(), d.Library, err)
	}
	return b, err
}

// gone is the error of a document whose last version says that it was removed.
func gone(d store.Document) error {
	return fmt.Errorf("there is no document %q in library %s any more: %s removed it on %s; "+
		"mailchute document history %s %q lists the versions before, and document get --version gets them: %w",
		d.Path(), d.Library, d.Author, d.Created.Local().Format(time.DateOnly), d.Library, d.Path(), fault.ErrNotFound)
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
