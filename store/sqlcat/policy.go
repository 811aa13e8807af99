package sqlcat

import (
	"cmp"
	"database/sql"
	"slices"

	"mailchute/pkg/access"
	"mailchute/store"
)

const (
	selectGrants   = `SELECT scope_kind, scope_name, principal_kind, principal_name, level FROM grants`
	grantOrder     = ` ORDER BY scope_kind, scope_name, principal_kind, principal_name`
	selectGrantsOf = selectGrants + ` WHERE scope_kind = $1 AND scope_name = $2` + grantOrder
	selectSettings = `SELECT name, value FROM settings`
)

func (t *tx) Grants(scopes ...access.Scope) ([]access.Grant, error) {
	if len(scopes) == 0 {
		return list(t, "grants", scanGrant, selectGrants+grantOrder)
	}
	scopes = slices.Clone(scopes)
	slices.SortFunc(scopes, func(a, b access.Scope) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	var grants []access.Grant
	for _, s := range slices.Compact(scopes) {
		of, err := list(t, "grants of "+s.Name, scanGrant, selectGrantsOf, s.Kind, s.Name)
		if err != nil {
			return nil, err
		}
		grants = append(grants, of...)
	}
	return grants, nil
}

func scanGrant(rows *sql.Rows) (g access.Grant, err error) {
	err = rows.Scan(&g.Scope.Kind, &g.Scope.Name, &g.Principal.Kind, &g.Principal.Name, &g.Level)
	return g, err
}

func (t *tx) PutGrant(g access.Grant) error {
	_, err := t.exec("grant in "+g.Scope.Name, `INSERT INTO grants (scope_kind, scope_name, principal_kind, principal_name, level)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (scope_kind, scope_name, principal_kind, principal_name) DO UPDATE SET level = excluded.level`,
		g.Scope.Kind, g.Scope.Name, string(g.Principal.Kind), g.Principal.Name, int(g.Level))
	return err
}

func (t *tx) DeleteGrant(s access.Scope, p access.Principal) error {
	return t.change("grant in "+s.Name, `DELETE FROM grants
		WHERE scope_kind = $1 AND scope_name = $2 AND principal_kind = $3 AND principal_name = $4`,
		s.Kind, s.Name, string(p.Kind), p.Name)
}

func (t *tx) Settings() (map[string]string, error) {
	type setting struct{ name, value string }
	scan := func(rows *sql.Rows) (s setting, err error) {
		err = rows.Scan(&s.name, &s.value)
		return s, err
	}
	settings := make(map[string]string)
	for s, err := range each(t, "settings", scan, selectSettings) {
		if err != nil {
			return nil, err
		}
		settings[s.name] = s.value
	}
	return settings, nil
}

func (t *tx) PutSetting(name, value string) error {
	_, err := t.exec("setting "+name, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

func (t *tx) InsertChange(c store.Change) error {
	_, err := t.exec("record of a change", `INSERT INTO changes (id, at, actor, action)
		VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM changes), $1, $2, $3)`, timeValue(c.At), c.Actor, c.Action)
	return err
}

func (t *tx) LastChange() (int64, error) {
	return one(t, "last change", scalar[int64], `SELECT COALESCE(MAX(id), 0) FROM changes`)
}

func (t *tx) Changes(limit int) ([]store.Change, error) {
	scan := func(rows *sql.Rows) (c store.Change, err error) {
		err = rows.Scan(timeColumn{&c.At}, &c.Actor, &c.Action)
		return c, err
	}
	return list(t, "changes", scan, `SELECT at, actor, action FROM changes ORDER BY id DESC LIMIT $1`, atMost(limit))
}
