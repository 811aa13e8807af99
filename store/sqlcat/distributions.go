package sqlcat

import (
	"database/sql"

	"mailchute/store"
)

const (
	selectDistributions  = `SELECT key, COALESCE(group_name, ''), client, name, approved, orphan, members FROM distributions`
	selectDistribution   = selectDistributions + ` WHERE key = $1`
	selectDistributionOf = selectDistributions + ` WHERE group_name = $1`
	updateDistribution   = `UPDATE distributions SET group_name = $2, client = $3, name = $4, approved = $5, orphan = $6, members = $7
		WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM distributions o WHERE o.group_name = $2 AND o.key <> $1)`
	insertDistribution = `INSERT INTO distributions (key, group_name, client, name, approved, orphan, members)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`

	contactColumns     = `key, alias, first_name, last_name, forward, require_auth, client`
	selectFarmContacts = `SELECT ` + contactColumns + ` FROM farm_contacts`
	selectFarmContact  = selectFarmContacts + ` WHERE alias = $1`
	updateFarmContact  = `UPDATE farm_contacts
		SET alias = $2, first_name = $3, last_name = $4, forward = $5, require_auth = $6, client = $7
		WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM farm_contacts o WHERE o.alias = $2 AND o.key <> $1)`
	insertFarmContact = `INSERT INTO farm_contacts (` + contactColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`
)

func (t *tx) Distributions() ([]store.Distribution, error) {
	return list(t, "distribution groups", scanDistribution, selectDistributions+` ORDER BY key`)
}

func (t *tx) Distribution(key string) (store.Distribution, error) {
	return one(t, "distribution group "+key, scanDistribution, selectDistribution, key)
}

func (t *tx) DistributionOf(group string) (store.Distribution, error) {
	return one(t, "distribution group of group "+group, scanDistribution, selectDistributionOf, nullable(group))
}

func scanDistribution(rows *sql.Rows) (d store.Distribution, err error) {
	err = rows.Scan(&d.Key, &d.Group, &d.Client, &d.Name, jsonColumn{&d.Now}, &d.Orphan, linesColumn{&d.Members})
	return d, err
}

func (t *tx) PutDistribution(d store.Distribution) error {
	return t.put("distribution group "+d.Name, updateDistribution, insertDistribution,
		d.Key, nullable(d.Group), d.Client, d.Name, jsonValue{d.Now}, d.Orphan, linesValue(d.Members))
}

func (t *tx) DeleteDistribution(key string) error {
	return t.remove("distribution group "+key, `DELETE FROM distributions WHERE key = $1`, key)
}

func (t *tx) FarmContacts() ([]store.FarmContact, error) {
	return list(t, "contacts", scanFarmContact, selectFarmContacts+` ORDER BY alias`)
}

func (t *tx) FarmContact(alias string) (store.FarmContact, error) {
	return one(t, "contact "+alias, scanFarmContact, selectFarmContact, alias)
}

func scanFarmContact(rows *sql.Rows) (c store.FarmContact, err error) {
	err = rows.Scan(&c.Key, &c.Alias, &c.FirstName, &c.LastName, &c.Forward, &c.RequireAuth, &c.Client)
	return c, err
}

func (t *tx) PutFarmContact(c store.FarmContact) error {
	return t.put("contact "+c.Alias, updateFarmContact, insertFarmContact,
		c.Key, c.Alias, c.FirstName, c.LastName, c.Forward, c.RequireAuth, c.Client)
}

func (t *tx) DeleteFarmContact(key string) error {
	return t.remove("contact "+key, `DELETE FROM farm_contacts WHERE key = $1`, key)
}
