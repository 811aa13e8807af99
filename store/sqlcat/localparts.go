package sqlcat

import (
	"database/sql"

	"mailchute/store"
)

const (
	localPartColumns = `local_key, library, distribution, contact, was, until`
	ownerColumns     = `COALESCE(library, ''), COALESCE(distribution, ''), COALESCE(contact, ''), COALESCE(was, ''), until`
	selectOwner      = `SELECT ` + ownerColumns + ` FROM local_parts WHERE local_key = $1`
	selectLocalParts = `SELECT local_key, ` + ownerColumns + ` FROM local_parts`
)

func (t *tx) OwnerOf(localKey string) (store.Owner, error) {
	scan := func(rows *sql.Rows) (o store.Owner, err error) {
		err = rows.Scan(&o.Library, &o.Distribution, &o.Contact, &o.Was, timeColumn{&o.Until})
		return o, err
	}
	return one(t, "local part "+localKey, scan, selectOwner, localKey)
}

func (t *tx) ClaimLocalPart(localKey string, o store.Owner) error {
	return t.insert("local part "+localKey, `INSERT INTO local_parts (`+localPartColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, localKey,
		nullable(o.Library), nullable(o.Distribution), nullable(o.Contact), nullable(o.Was), timeValue(o.Until))
}

func (t *tx) ReleaseLocalPart(localKey string) error {
	_, err := t.exec("release "+localKey, `DELETE FROM local_parts WHERE local_key = $1`, localKey)
	return err
}

func (t *tx) LocalParts() ([]store.LocalPart, error) {
	return list(t, "local parts", scanLocalPart, selectLocalParts+` WHERE library IS NULL ORDER BY local_key`)
}

func (t *tx) LocalPartsOf(distribution string) ([]store.LocalPart, error) {
	return list(t, "local parts of "+distribution, scanLocalPart,
		selectLocalParts+` WHERE distribution = $1 ORDER BY local_key`, distribution)
}

func scanLocalPart(rows *sql.Rows) (p store.LocalPart, err error) {
	o := &p.Owner
	err = rows.Scan(&p.Key, &o.Library, &o.Distribution, &o.Contact, &o.Was, timeColumn{&o.Until})
	return p, err
}
