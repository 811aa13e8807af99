package mem

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

func (t *tx) CurrentDocument(libraryName, folderKey, nameKey string) (store.Document, error) {
	versions := t.documents.values(key(libraryName, folderKey, nameKey))
	if len(versions) == 0 {
		return store.Document{}, missing("document", libraryName+"/"+folderKey+"/"+nameKey)
	}
	return versions[len(versions)-1], nil
}

func (t *tx) CurrentVersion(libraryName, folderKey, nameKey string) (int, error) {
	d, err := t.CurrentDocument(libraryName, folderKey, nameKey)
	if errors.Is(err, fault.ErrNotFound) {
		err = nil
	}
	return d.Version, err
}

func (t *tx) NameInRoot(libraryName, nameKey string) (version int, folder bool, err error) {
	version, err = t.CurrentVersion(libraryName, "", nameKey)
	if err == nil {
		_, missing := t.FolderName(libraryName, nameKey)
		folder = missing == nil
	}
	return version, folder, err
}

func (t *tx) InsertDocument(d store.Document) error {
	k := key(d.Library, d.FolderKey, d.NameKey, d.Version)
	switch {
	case t.documents.has(k):
		return taken("document", d.Path())
	case !t.libraries.has(key(d.Library)):
		return missing("library", d.Library)
	case !d.Content.Digest.IsZero() && !t.blobs.has(key(d.Content.Digest)):
		return missing("blob", d.Content.Digest)
	}
	d.Created, d.Swept = stored(d.Created), false
	t.documents = t.documents.put(k, d)
	t.refer(d.Content.Digest, 1)
	if !d.Key.IsZero() {
		t.documentsOf = t.documentsOf.put(key(d.Key)+k, k)
	}
	return nil
}

func (t *tx) Documents(libraryName string) iter.Seq2[store.Document, error] {
	return t.current(libraryName, false)
}

func (t *tx) RemovedDocuments(libraryName string) iter.Seq2[store.Document, error] {
	return t.current(libraryName, true)
}

// current yields the current versions of a library, "" of all, that say Removed or not.
func (t *tx) current(libraryName string, removed bool) iter.Seq2[store.Document, error] {
	prefix := ""
	if libraryName != "" {
		prefix = key(libraryName)
	}
	return func(yield func(store.Document, error) bool) {
		var last *store.Document
		for _, d := range t.documents.under(prefix) {
			if last != nil && !sameDocument(*last, d) && last.Removed == removed && !yield(*last, nil) {
				return
			}
			last = &d
		}
		if last != nil && last.Removed == removed {
			yield(*last, nil)
		}
	}
}

func (t *tx) Versions(libraryName, folderKey, nameKey string) ([]store.Document, error) {
	return t.documents.values(key(libraryName, folderKey, nameKey)), nil
}

func (t *tx) DocumentsOf(k store.Key) ([]store.Document, error) {
	var list []store.Document
	for _, document := range t.documentsOf.under(key(k)) {
		if d, ok := t.documents.get(document); ok {
			list = append(list, d)
		}
	}
	return list, nil
}

func (t *tx) PutHeader(libraryName string, k store.Key, header string) error {
	switch {
	case !t.libraries.has(key(libraryName)):
		return missing("library", libraryName)
	case !t.items.has(key(k)):
		return missing("item", k)
	case !t.headers.has(key(libraryName, k)):
		t.headers = t.headers.put(key(libraryName, k), header)
	}
	return nil
}

func (t *tx) Header(libraryName string, k store.Key) (string, error) {
	header, _ := t.headers.get(key(libraryName, k))
	return header, nil
}

func (t *tx) FolderName(libraryName, folderKey string) (string, error) {
	for _, d := range t.documents.under(key(libraryName, folderKey)) {
		return d.Folder, nil
	}
	return "", missing("folder", libraryName+"/"+folderKey)
}

func (t *tx) NextNumber(libraryName, folderKey, nameKey string) (int, error) {
	k := key(libraryName, folderKey, nameKey)
	n, ok := t.numbers.get(k)
	switch {
	case !ok && !t.libraries.has(key(libraryName)):
		return 0, missing("library", libraryName)
	case !ok:
		n = 1
	}
	t.numbers = t.numbers.put(k, n+1)
	return n + 1, nil
}

func (t *tx) PutPublication(p store.Publication) error {
	if !t.libraries.has(key(p.Library)) {
		return missing("library", p.Library)
	}
	t.publications = t.publications.put(publicationKey(p), publicationRow{p, t.next()})
	return nil
}

func (t *tx) Publications() ([]store.Publication, error) {
	return inOrder(t.publications.values(""), 0), nil
}

func (t *tx) PublicationsOf(process string, limit int) ([]store.Publication, error) {
	return inOrder(t.publicationsOf(process), limit), nil
}

func (t *tx) Publishers() (names []string, err error) {
	for _, row := range t.publications.values("") {
		names = append(names, row.Process)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (t *tx) TakePublications(from, to string) error {
	if from == to {
		return nil
	}
	for _, row := range t.publicationsOf(from) {
		t.publications = t.publications.without(publicationKey(row.Publication))
		row.Process = to
		t.publications = t.publications.put(publicationKey(row.Publication), row)
	}
	return nil
}

func (t *tx) DeletePublication(p store.Publication) (removed bool, err error) {
	k := publicationKey(p)
	row, ok := t.publications.get(k)
	if !ok || row.Version > p.Version {
		return false, nil
	}
	if version, err := t.CurrentVersion(p.Library, p.FolderKey, p.NameKey); err != nil || version > p.Version {
		return false, err
	}
	t.publications = t.publications.without(k)
	return true, nil
}

func (t *tx) SurplusVersions(libraryName string, keep int) iter.Seq2[store.Document, error] {
	return func(yield func(store.Document, error) bool) {
		all := slices.DeleteFunc(t.documents.values(key(libraryName)), func(d store.Document) bool { return d.Removed })
		for i, d := range all {
			surplus := i+keep < len(all) && sameDocument(all[i+keep], d)
			if surplus && hasBytes(d) && !yield(d, nil) {
				return
			}
		}
	}
}

func (t *tx) RemovedVersions(by time.Time) iter.Seq2[store.Document, error] {
	return func(yield func(store.Document, error) bool) {
		all := t.documents.values("")
		for i, d := range all {
			next := slices.IndexFunc(all[i+1:], func(n store.Document) bool { return n.Removed || !sameDocument(n, d) })
			if next < 0 || !sameDocument(all[i+1+next], d) || all[i+1+next].Created.After(stored(by)) {
				continue
			}
			if hasBytes(d) && !yield(d, nil) {
				return
			}
		}
	}
}

func (t *tx) DropVersion(libraryName, folderKey, nameKey string, version int) error {
	k := key(libraryName, folderKey, nameKey, version)
	d, ok := t.documents.get(k)
	if !ok || !hasBytes(d) {
		return fmt.Errorf("version %d of %s/%s in %s: %w", version, folderKey, nameKey, libraryName, fault.ErrStale)
	}
	t.refer(d.Content.Digest, -1)
	d.Swept = true
	t.documents = t.documents.put(k, d)
	return nil
}

func (t *tx) DocumentBlobs() iter.Seq2[message.Digest, error] {
	return func(yield func(message.Digest, error) bool) {
		for _, d := range t.documents.under("") {
			if hasBytes(d) && !yield(d.Content.Digest, nil) {
				return
			}
		}
	}
}

// hasBytes reports whether a version refers to a blob.
func hasBytes(d store.Document) bool { return !d.Swept && !d.Content.Digest.IsZero() }

func sameDocument(a, b store.Document) bool {
	return a.Library == b.Library && a.FolderKey == b.FolderKey && a.NameKey == b.NameKey
}

// publicationRow is a publication and its place in the order they were put.
type publicationRow struct {
	store.Publication
	number int
}

func publicationKey(p store.Publication) string {
	return key(p.Library, p.FolderKey, p.NameKey, p.Process)
}

func (t *tx) publicationsOf(process string) []publicationRow {
	return slices.DeleteFunc(t.publications.values(""), func(row publicationRow) bool { return row.Process != process })
}

// inOrder returns the first limit publications (0: all) in the order they were put.
func inOrder(rows []publicationRow, limit int) (list []store.Publication) {
	slices.SortFunc(rows, func(a, b publicationRow) int { return cmp.Compare(a.number, b.number) })
	for _, row := range first(rows, limit) {
		list = append(list, row.Publication)
	}
	return list
}
