package sqlcat

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
)

const (
	libraryColumns = `name, site, title, local_part, inherit, archived, settings`
	selectLibrary  = `SELECT ` + libraryColumns + ` FROM libraries WHERE name = $1`
)

func (t *tx) Sites() ([]library.Site, error) {
	scan := func(rows *sql.Rows) (s library.Site, err error) {
		err = rows.Scan(&s.Name, &s.Title)
		return s, err
	}
	return list(t, "sites", scan, `SELECT name, title FROM sites ORDER BY name`)
}

func (t *tx) InsertSite(s library.Site) error {
	return t.insert("site "+s.Name, `INSERT INTO sites (name, title) VALUES ($1, $2) ON CONFLICT DO NOTHING`, s.Name, s.Title)
}

func (t *tx) UpdateSite(s library.Site) error {
	return t.change("site "+s.Name, `UPDATE sites SET title = $2 WHERE name = $1`, s.Name, s.Title)
}

func (t *tx) Libraries() ([]library.Library, error) {
	return list(t, "libraries", scanLibrary, `SELECT `+libraryColumns+` FROM libraries ORDER BY name`)
}

func (t *tx) Library(name string) (library.Library, error) {
	return one(t, "library "+name, scanLibrary, selectLibrary, name)
}

func scanLibrary(rows *sql.Rows) (library.Library, error) {
	var l library.Library
	var settings []byte
	if err := rows.Scan(&l.Name, &l.Site, &l.Title, &l.LocalPart, &l.Inherit, &l.Archived, &settings); err != nil {
		return l, err
	}
	if err := json.Unmarshal(settings, &l.Settings); err != nil {
		return l, fmt.Errorf("settings of %s: %w", l.Name, err)
	}
	return l, nil
}

func (t *tx) InsertLibrary(l library.Library) error {
	settings, err := json.Marshal(l.Settings)
	if err != nil {
		return fmt.Errorf("settings of %s: %w", l.Name, err)
	}
	return t.insert("library "+l.Name, `INSERT INTO libraries (`+libraryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		l.Name, l.Site, l.Title, l.LocalPart, l.Inherit, l.Archived, string(settings))
}

func (t *tx) UpdateLibrary(l library.Library) error {
	settings, err := json.Marshal(l.Settings)
	if err != nil {
		return fmt.Errorf("settings of %s: %w", l.Name, err)
	}
	return t.change("library "+l.Name, `UPDATE libraries
		SET site = $2, title = $3, local_part = $4, inherit = $5, archived = $6, settings = $7 WHERE name = $1`,
		l.Name, l.Site, l.Title, l.LocalPart, l.Inherit, l.Archived, string(settings))
}

func (t *tx) DeleteLibrary(name string) error {
	if err := t.remove("library "+name, `DELETE FROM libraries WHERE name = $1`, name); err != nil {
		return err
	}
	_, err := t.exec("grants of library "+name,
		`DELETE FROM grants WHERE scope_kind = $1 AND scope_name = $2`, access.ScopeLibrary, name)
	return err
}
