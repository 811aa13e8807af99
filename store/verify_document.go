package store

import (
	"errors"
	"fmt"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// documentFault says what is wrong with a document's row by itself, "" for nothing.
func documentFault(tx Tx, d Document) (string, error) {
	switch {
	case d.Key.IsZero():
		return "it came from no message", nil
	case d.FolderKey != library.Fold(d.Folder) || d.NameKey != library.Fold(d.Name):
		return fmt.Sprintf("it is kept under the folder %q and the name %q, which are not the folded forms of its own", d.FolderKey, d.NameKey), nil
	case d.Removed:
		return "it came from a message, and says that the document was removed", nil
	case !d.Swept:
		return "", nil
	}
	current, err := tx.CurrentVersion(d.Library, d.FolderKey, d.NameKey)
	if err == nil && current == d.Version {
		return "it is the current one, and its row lets its bytes go", nil
	}
	return "", err
}

// removalFault says what is wrong with a version that says Removed by itself, "" for nothing.
func removalFault(tx Tx, d Document) (string, error) {
	bare := Document{
		Library: d.Library, Folder: d.Folder, FolderKey: library.Fold(d.Folder), Name: d.Name, NameKey: library.Fold(d.Name),
		Version: d.Version, Author: d.Author, Created: d.Created, Removed: true,
	}
	if d != bare {
		return "it says that the document was removed, and more than who did it and when", nil
	}
	all, err := tx.Versions(d.Library, d.FolderKey, d.NameKey)
	for _, before := range all {
		if before.Version == d.Version-1 && !before.Removed {
			return "", err
		}
	}
	return "it says that a document was removed which was not there", err
}

// standing says what is wrong with the rows that a document stands on, its own and those
// of its message, "" for nothing.
func standing(tx Tx, d Document) (string, error) {
	wrong, err := documentFault(tx, d)
	if err != nil || wrong != "" {
		return wrong, err
	}
	_, err = tx.Item(d.Key)
	if errors.Is(err, fault.ErrNotFound) {
		return "the message it came from is not there", nil
	}
	if err != nil {
		return "", err
	}
	outcomes, err := tx.Outcomes(d.Key)
	if err != nil {
		return "", err
	}
	held, documents, err := holdings(tx, d.Key)
	if err != nil {
		return "", err
	}
	for _, o := range outcomes {
		if o.RecipientKey == d.RecipientKey {
			return outcomeFault(o, held[o.RecipientKey], documents[o.RecipientKey]), nil
		}
	}
	return "the recipient it was filed for has no outcome", nil
}

// bytesOf returns the size of documents.
func bytesOf(docs []Document) (n int64) {
	for _, d := range docs {
		n += d.Content.Size
	}
	return n
}
