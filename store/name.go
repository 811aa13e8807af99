package store

import (
	"errors"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// nameDocument makes the document's folder and name distinct, or makes it the next
// version of the one that is there, also where that was removed. The spelling that came
// first stays: names that differ only in case or composition are the same to most file
// systems. A folder and a document of the root never have the same name, since the tree
// could not show both.
func nameDocument(tx Tx, doc *Document, overwrite bool) error {
	if err := nameFolder(tx, doc); err != nil {
		return err
	}
	wanted := doc.Name
	for {
		doc.NameKey = library.Fold(doc.Name)
		version, folder, err := nameTaken(tx, doc)
		if err != nil {
			return err
		}
		if version == 0 && !folder {
			doc.Version = 1
			return nil
		}
		if version > 0 {
			current, err := tx.CurrentDocument(doc.Library, doc.FolderKey, doc.NameKey)
			if err != nil {
				return err
			}
			if overwrite || current.Removed {
				doc.Name, doc.Version = current.Name, version+1
				return nil
			}
		}
		if doc.Name, err = nextName(tx, doc, wanted); err != nil {
			return err
		}
	}
}

// nameFolder finds the folder's spelling. Where a document of the root has its name, the
// folder is the first numbered one that no document has, for all messages alike.
func nameFolder(tx Tx, doc *Document) error {
	for wanted, n := doc.Folder, 2; ; n++ {
		doc.FolderKey = library.Fold(doc.Folder)
		if doc.Folder == "" {
			return nil
		}
		spelled, err := tx.FolderName(doc.Library, doc.FolderKey)
		if err == nil {
			doc.Folder = spelled
			return nil
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		version, err := tx.CurrentVersion(doc.Library, "", doc.FolderKey)
		if err != nil || version == 0 {
			return err
		}
		doc.Folder = library.Numbered(wanted, n)
	}
}

// nameTaken returns the current version under the document's name, and whether a folder
// has it.
func nameTaken(tx Tx, doc *Document) (version int, folder bool, err error) {
	if doc.Folder == "" {
		return tx.NameInRoot(doc.Library, doc.NameKey)
	}
	version, err = tx.CurrentVersion(doc.Library, doc.FolderKey, doc.NameKey)
	return version, false, err
}

// nextName returns the next numbered name to try in the document's folder. Names count
// together whose numbered forms are the same: long ones may differ only in what the
// number takes the place of.
func nextName(tx Tx, doc *Document, wanted string) (string, error) {
	n, err := tx.NextNumber(doc.Library, doc.FolderKey, library.Fold(library.Numbered(wanted, 2)))
	return library.Numbered(wanted, n), err
}
