package sqlcat

import (
	"database/sql"
	"fmt"
	"iter"

	"mailchute/pkg/fault"
	"mailchute/pkg/message"
	"mailchute/store"
)

const (
	documentColumns = `library, folder_key, name_key, version, folder, name, size, digest, blob, damaged, content_type,
		author, rung, evidence, created, original_name, part, message_id,
		email_sender, email_from, email_to, email_cc, email_subject, email_date, item_key, recipient_key,
		email_in_reply_to, email_references, removed`

	selectDocuments = `SELECT ` + documentColumns + ` FROM documents d`
	thisDocument    = ` WHERE library = $1 AND folder_key = $2 AND name_key = $3`
	isCurrent       = ` version = (SELECT MAX(v.version) FROM documents v
		WHERE v.library = d.library AND v.folder_key = d.folder_key AND v.name_key = d.name_key)`

	selectCurrent = selectDocuments + thisDocument + ` ORDER BY version DESC LIMIT 1`

	selectCurrentVersion = `SELECT COALESCE(MAX(version), 0) FROM documents` + thisDocument

	selectNameInRoot = `SELECT COALESCE(MAX(version), 0), EXISTS (SELECT 1 FROM documents f WHERE f.library = $1 AND f.folder_key = $2)
		FROM documents WHERE library = $1 AND folder_key = '' AND name_key = $2`

	selectSurplus = selectDocuments + ` WHERE library = $1 AND blob IS NOT NULL
		AND version <= (SELECT v.version FROM documents v
			WHERE v.library = d.library AND v.folder_key = d.folder_key AND v.name_key = d.name_key AND NOT v.removed
			ORDER BY v.version DESC LIMIT 1 OFFSET $2)
		ORDER BY folder_key, name_key, version`

	// No blob has the number 0: a document of an absent one violates its reference.
	insertDocument = `INSERT INTO documents (` + documentColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8,
			CASE WHEN $9 IS NULL THEN NULL ELSE COALESCE((SELECT id FROM blobs WHERE digest = $9), 0) END, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
		ON CONFLICT DO NOTHING`

	selectFolder = `SELECT folder FROM documents WHERE library = $1 AND folder_key = $2 ORDER BY name_key, version LIMIT 1`

	selectHeader = `SELECT header FROM headers WHERE library = $1 AND item_key = $2`

	nextNumber = `INSERT INTO numbers (library, folder_key, name_key, last) VALUES ($1, $2, $3, 2)
		ON CONFLICT (library, folder_key, name_key) DO UPDATE SET last = numbers.last + 1 RETURNING last`

	putPublication = `INSERT INTO publications (library, folder_key, name_key, process, folder, name, version, seq)
		VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT COALESCE(MAX(seq), 0) + 1 FROM publications))
		ON CONFLICT (library, folder_key, name_key, process)
		DO UPDATE SET folder = excluded.folder, name = excluded.name, version = excluded.version, seq = excluded.seq`

	deletePublication = `DELETE FROM publications
		WHERE library = $1 AND folder_key = $2 AND name_key = $3 AND process = $4 AND version <= $5
		AND NOT EXISTS (SELECT 1 FROM documents WHERE library = $1 AND folder_key = $2 AND name_key = $3 AND version > $5)`

	selectPublications = `SELECT p.library, p.folder_key, p.name_key, p.process, p.folder, p.name, p.version FROM publications p`

	deleteTakenTwice = `DELETE FROM publications WHERE process = $2 AND EXISTS (SELECT 1 FROM publications d
		WHERE d.process = $1 AND d.library = publications.library
		AND d.folder_key = publications.folder_key AND d.name_key = publications.name_key)`

	takePublications = `UPDATE publications SET process = $2 WHERE process = $1`
)

func (t *tx) CurrentDocument(libraryName, folderKey, nameKey string) (store.Document, error) {
	return one(t, "document "+folderKey+"/"+nameKey+" of "+libraryName, scanDocument, selectCurrent, libraryName, folderKey, nameKey)
}

func (t *tx) CurrentVersion(libraryName, folderKey, nameKey string) (int, error) {
	return one(t, "version of "+folderKey+"/"+nameKey+" in "+libraryName, scalar[int], selectCurrentVersion, libraryName, folderKey, nameKey)
}

func (t *tx) NameInRoot(libraryName, nameKey string) (version int, folder bool, err error) {
	scan := func(rows *sql.Rows) (v int, err error) {
		err = rows.Scan(&v, &folder)
		return v, err
	}
	version, err = one(t, "name "+nameKey+" in "+libraryName, scan, selectNameInRoot, libraryName, nameKey)
	return version, folder, err
}

func (t *tx) Versions(libraryName, folderKey, nameKey string) ([]store.Document, error) {
	return list(t, "versions of "+folderKey+"/"+nameKey+" of "+libraryName, scanDocument,
		selectDocuments+thisDocument+` ORDER BY version`, libraryName, folderKey, nameKey)
}

func (t *tx) DocumentsOf(k store.Key) ([]store.Document, error) {
	return list(t, "documents of "+k.String(), scanDocument,
		selectDocuments+` WHERE item_key = $1 ORDER BY library, folder_key, name_key, version`, digestValue(k))
}

func (t *tx) Documents(libraryName string) iter.Seq2[store.Document, error] {
	const order = ` ORDER BY library, folder_key, name_key`
	if libraryName == "" {
		return each(t, "documents", scanDocument, selectDocuments+` WHERE NOT removed AND`+isCurrent+order)
	}
	return each(t, "documents of "+libraryName, scanDocument, selectDocuments+` WHERE library = $1 AND NOT removed AND`+isCurrent+order, libraryName)
}

func scanDocument(rows *sql.Rows) (d store.Document, err error) {
	var blob sql.NullInt64
	c := &d.Columns
	err = rows.Scan(&d.Library, &d.FolderKey, &d.NameKey, &d.Version, &d.Folder, &d.Name,
		&d.Content.Size, digestColumn{&d.Content.Digest}, &blob, &d.Content.Damaged, &d.ContentType,
		&d.Author, &d.Rung, &d.Evidence, timeColumn{&d.Created}, &d.OriginalName, &d.Part,
		&c.MessageID, &c.Sender, &c.From, &c.To, &c.Cc, &c.Subject, &c.Date, digestColumn{&d.Key}, &d.RecipientKey,
		&c.InReplyTo, &c.References, &d.Removed)
	d.Swept = !blob.Valid && !d.Content.Digest.IsZero()
	return d, err
}

func (t *tx) InsertDocument(d store.Document) error {
	c, digest := d.Columns, digestValue(d.Content.Digest)
	return t.insert("version of "+d.Path()+" in "+d.Library, insertDocument,
		d.Library, d.FolderKey, d.NameKey, d.Version, d.Folder, d.Name,
		d.Content.Size, digest, digest, d.Content.Damaged, d.ContentType,
		d.Author, int(d.Rung), d.Evidence, timeValue(d.Created), d.OriginalName, d.Part,
		c.MessageID, c.Sender, c.From, c.To, c.Cc, c.Subject, c.Date, digestValue(d.Key), d.RecipientKey,
		c.InReplyTo, c.References, d.Removed)
}

func (t *tx) PutHeader(libraryName string, k store.Key, header string) error {
	_, err := t.exec("header of "+k.String(), `INSERT INTO headers (library, item_key, header) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		libraryName, digestValue(k), header)
	return err
}

func (t *tx) Header(libraryName string, k store.Key) (string, error) {
	found, err := list(t, "header of "+k.String(), scalar[string], selectHeader, libraryName, digestValue(k))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

func (t *tx) FolderName(libraryName, folderKey string) (string, error) {
	return one(t, "folder "+folderKey+" of "+libraryName, scalar[string], selectFolder, libraryName, folderKey)
}

func (t *tx) NextNumber(libraryName, folderKey, nameKey string) (int, error) {
	return one(t, "next number of "+nameKey+" in "+libraryName, scalar[int], nextNumber, libraryName, folderKey, nameKey)
}

func (t *tx) PutPublication(p store.Publication) error {
	_, err := t.exec("publication of "+p.Name+" in "+p.Library, putPublication,
		p.Library, p.FolderKey, p.NameKey, p.Process, p.Folder, p.Name, p.Version)
	return err
}

func (t *tx) Publications() ([]store.Publication, error) {
	return list(t, "publications", scanPublication, selectPublications+` ORDER BY p.seq`)
}

func (t *tx) PublicationsOf(process string, limit int) ([]store.Publication, error) {
	return list(t, "publications of "+process, scanPublication,
		selectPublications+` WHERE p.process = $1 ORDER BY p.seq LIMIT $2`, process, atMost(limit))
}

func scanPublication(rows *sql.Rows) (p store.Publication, err error) {
	err = rows.Scan(&p.Library, &p.FolderKey, &p.NameKey, &p.Process, &p.Folder, &p.Name, &p.Version)
	return p, err
}

func (t *tx) Publishers() ([]string, error) {
	return list(t, "processes with publications", scalar[string], `SELECT DISTINCT process FROM publications ORDER BY process`)
}

func (t *tx) TakePublications(from, to string) error {
	if from == to {
		return nil
	}
	for _, statement := range []string{deleteTakenTwice, takePublications} {
		if _, err := t.exec("publications of "+from, statement, from, to); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeletePublication(p store.Publication) (removed bool, err error) {
	n, err := t.exec("publication of "+p.Name+" in "+p.Library, deletePublication, p.Library, p.FolderKey, p.NameKey, p.Process, p.Version)
	return n > 0, err
}

func (t *tx) SurplusVersions(libraryName string, keep int) iter.Seq2[store.Document, error] {
	return each(t, "surplus versions of "+libraryName, scanDocument, selectSurplus, libraryName, keep)
}

func (t *tx) DropVersion(libraryName, folderKey, nameKey string, version int) error {
	what := fmt.Sprintf("version %d of %s/%s in %s", version, folderKey, nameKey, libraryName)
	n, err := t.exec(what, `UPDATE documents SET blob = NULL`+thisDocument+` AND version = $4 AND blob IS NOT NULL`,
		libraryName, folderKey, nameKey, version)
	if err == nil && n == 0 {
		err = fmt.Errorf("%s: %w", what, fault.ErrStale)
	}
	return err
}

func (t *tx) DocumentBlobs() iter.Seq2[message.Digest, error] {
	return each(t, "blobs of documents", scanDigest, `SELECT digest FROM documents WHERE blob IS NOT NULL`)
}
