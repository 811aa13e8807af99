-- A distribution group stays until the directory has no trace of it, also when its group is
-- gone.
CREATE TABLE distributions (
	key        TEXT NOT NULL PRIMARY KEY,
	group_name TEXT UNIQUE REFERENCES groups (name),
	client     TEXT NOT NULL, -- of another farm's
	name       TEXT NOT NULL,
	approved   TEXT NOT NULL, -- JSON
	orphan     BOOLEAN NOT NULL,
	members    TEXT NOT NULL -- of another farm's; one Go-quoted member a line
);

CREATE TABLE farm_contacts (
	key          TEXT NOT NULL PRIMARY KEY,
	alias        TEXT NOT NULL UNIQUE,
	first_name   TEXT NOT NULL,
	last_name    TEXT NOT NULL,
	forward      TEXT NOT NULL,
	require_auth BOOLEAN NOT NULL,
	client       TEXT NOT NULL
);

-- No command ever gave a group a local part.
CREATE TABLE claimed AS SELECT local_key, library FROM local_parts WHERE library IS NOT NULL;

DROP TABLE local_parts;

ALTER TABLE groups DROP COLUMN local_part;

CREATE TABLE local_parts (
	local_key    TEXT NOT NULL PRIMARY KEY,
	library      TEXT UNIQUE REFERENCES libraries (name) ON DELETE CASCADE,
	distribution TEXT REFERENCES distributions (key) ON DELETE CASCADE,
	contact      TEXT REFERENCES farm_contacts (key) ON DELETE CASCADE,
	was          TEXT, -- whose it was, for people
	until        BIGINT NOT NULL,
	CHECK (CASE WHEN library IS NULL THEN 0 ELSE 1 END + CASE WHEN distribution IS NULL THEN 0 ELSE 1 END
		+ CASE WHEN contact IS NULL THEN 0 ELSE 1 END + CASE WHEN was IS NULL THEN 0 ELSE 1 END = 1)
);

INSERT INTO local_parts (local_key, library, until) SELECT local_key, library, 0 FROM claimed;

DROP TABLE claimed;

CREATE INDEX local_parts_distribution ON local_parts (distribution, local_key) WHERE distribution IS NOT NULL;
CREATE INDEX local_parts_contact ON local_parts (contact) WHERE contact IS NOT NULL;

-- A request outlasts its distribution group.
CREATE TABLE requests (
	id             BIGINT NOT NULL PRIMARY KEY,
	distribution   TEXT NOT NULL,
	name           TEXT NOT NULL,
	kind           TEXT NOT NULL,
	before         TEXT NOT NULL, -- JSON
	want           TEXT NOT NULL, -- JSON
	state          TEXT NOT NULL,
	revision       BIGINT NOT NULL,
	requester      TEXT NOT NULL,
	requester_mail TEXT NOT NULL,
	justification  TEXT NOT NULL,
	asked          BIGINT NOT NULL,
	decided        BIGINT NOT NULL,
	decider        TEXT NOT NULL,
	comment        TEXT NOT NULL,
	ended          BIGINT NOT NULL,
	reminded       BIGINT NOT NULL,
	trouble        TEXT NOT NULL,
	failed_as      BIGINT NOT NULL
);

CREATE UNIQUE INDEX requests_open ON requests (distribution) WHERE state IN ('pending', 'approved');
CREATE INDEX requests_distribution ON requests (distribution, id);
CREATE INDEX requests_state ON requests (state, id);

CREATE TABLE request_events (
	request    BIGINT NOT NULL REFERENCES requests (id),
	seq        BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	actor      TEXT NOT NULL,
	from_state TEXT NOT NULL,
	to_state   TEXT NOT NULL,
	revision   BIGINT NOT NULL,
	text       TEXT NOT NULL,
	PRIMARY KEY (request, seq)
);

CREATE TABLE known_objects (
	key        TEXT NOT NULL PRIMARY KEY,
	kind       TEXT NOT NULL,
	owner      TEXT NOT NULL, -- for people
	backend    TEXT NOT NULL,
	id         TEXT NOT NULL, -- the directory's
	dn         TEXT NOT NULL,
	alias      TEXT NOT NULL,
	applied    TEXT NOT NULL, -- attributes as JSON
	members    TEXT NOT NULL, -- their digest
	missing    TEXT NOT NULL, -- one Go-quoted name a line
	state      TEXT NOT NULL,
	trouble    TEXT NOT NULL,
	tries      BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	at         BIGINT NOT NULL
);

CREATE INDEX known_objects_id ON known_objects (backend, id, key) WHERE id <> '';

-- The record of what was changed in the directory outlasts the runs that changed it.
CREATE TABLE directory_writes (
	id      BIGINT NOT NULL PRIMARY KEY,
	run     TEXT NOT NULL,
	at      BIGINT NOT NULL,
	actor   TEXT NOT NULL,
	action  TEXT NOT NULL,
	key     TEXT NOT NULL, -- of the object
	owner   TEXT NOT NULL, -- of the object, for people
	dn      TEXT NOT NULL,
	changes TEXT NOT NULL, -- JSON
	trouble TEXT NOT NULL
);

CREATE INDEX directory_writes_key ON directory_writes (key, id);
CREATE INDEX directory_writes_owner ON directory_writes (owner, id);
CREATE INDEX directory_writes_run ON directory_writes (run, id);

CREATE TABLE directory_runs (
	run      TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
	objects  BIGINT NOT NULL,
	created  BIGINT NOT NULL,
	renamed  BIGINT NOT NULL,
	modified BIGINT NOT NULL,
	members  BIGINT NOT NULL,
	deleted  BIGINT NOT NULL,
	reported BIGINT NOT NULL,
	failed   BIGINT NOT NULL,
	pending  BIGINT NOT NULL
);

CREATE TABLE leases (
	name    TEXT NOT NULL PRIMARY KEY,
	process TEXT NOT NULL,
	at      BIGINT NOT NULL
);

-- The built-in directory.
CREATE TABLE entries (
	id         TEXT NOT NULL PRIMARY KEY,
	alias      TEXT NOT NULL UNIQUE,
	marker     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	attributes TEXT NOT NULL -- JSON
);

CREATE TABLE entry_addresses (
	address_key TEXT NOT NULL PRIMARY KEY,
	entry       TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE
);

CREATE INDEX entry_addresses_entry ON entry_addresses (entry);

CREATE TABLE entry_members (
	entry  TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
	member TEXT NOT NULL,
	PRIMARY KEY (entry, member)
);

CREATE INDEX entry_members_member ON entry_members (member, entry);
