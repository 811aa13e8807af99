package sqlcat

import (
	"iter"
	"time"

	"mailchute/store"
)

const (
	selectRemoved = selectDocuments + ` WHERE removed AND` + isCurrent

	// Once for each version: it belongs to the first removal after it.
	selectRemovedVersions = selectDocuments + `
		JOIN (SELECT library AS l, folder_key AS f, name_key AS n, version AS v FROM documents WHERE removed AND created <= $1) r
			ON d.library = r.l AND d.folder_key = r.f AND d.name_key = r.n AND d.version < r.v
		WHERE d.blob IS NOT NULL AND NOT EXISTS (SELECT 1 FROM documents e WHERE e.removed
			AND e.library = r.l AND e.folder_key = r.f AND e.name_key = r.n AND e.version > d.version AND e.version < r.v)
		ORDER BY r.l, r.f, r.n, r.v, d.version`
)

func (t *tx) RemovedDocuments(libraryName string) iter.Seq2[store.Document, error] {
	const order = ` ORDER BY library, folder_key, name_key`
	if libraryName == "" {
		return each(t, "removed documents", scanDocument, selectRemoved+order)
	}
	return each(t, "removed documents of "+libraryName, scanDocument, selectRemoved+` AND library = $1`+order, libraryName)
}

func (t *tx) RemovedVersions(by time.Time) iter.Seq2[store.Document, error] {
	return each(t, "removed versions", scanDocument, selectRemovedVersions, timeValue(by))
}
