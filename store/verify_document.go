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
	case !d.Swept:
		return "", nil
	}
	current, err := tx.CurrentVersion(d.Library, d.FolderKey, d.NameKey)
	if err == nil && current == d.Version {
		return "it is the current one, and its row lets its bytes go", nil
	}
	return "", err
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
