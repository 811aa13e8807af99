-- Written for SQLite and PostgreSQL alike. Digests are BYTEA, which SQLite stores as the
-- blobs they are. Times are microseconds since 1970 UTC; 0 is no time. Names sort by
-- their bytes: a PostgreSQL database needs the C collation. Keys are folded; the columns
-- beside them have the spelling for people. Strangers wrote most of the text.

CREATE TABLE sites (
	name  TEXT NOT NULL PRIMARY KEY,
	title TEXT NOT NULL
);

CREATE TABLE libraries (
	name       TEXT NOT NULL PRIMARY KEY,
	site       TEXT NOT NULL REFERENCES sites (name),
	title      TEXT NOT NULL,
	local_part TEXT NOT NULL,
	inherit    BOOLEAN NOT NULL,
	archived   BOOLEAN NOT NULL,
	settings   TEXT NOT NULL -- JSON
);

CREATE TABLE users (
	login TEXT NOT NULL PRIMARY KEY,
	name  TEXT NOT NULL
);

CREATE TABLE user_addresses (
	address_key TEXT NOT NULL PRIMARY KEY,
	login       TEXT NOT NULL REFERENCES users (login),
	seq         BIGINT NOT NULL,
	address     TEXT NOT NULL,
	UNIQUE (login, seq)
);

CREATE TABLE groups (
	name       TEXT NOT NULL PRIMARY KEY,
	title      TEXT NOT NULL,
	site       TEXT REFERENCES sites (name),
	local_part TEXT NOT NULL
);

CREATE TABLE group_members (
	kind       TEXT NOT NULL,
	name       TEXT NOT NULL,
	group_name TEXT NOT NULL REFERENCES groups (name),
	seq        BIGINT NOT NULL,
	PRIMARY KEY (kind, name, group_name),
	UNIQUE (group_name, seq)
);

CREATE TABLE local_parts (
	local_key  TEXT NOT NULL PRIMARY KEY,
	library    TEXT UNIQUE REFERENCES libraries (name) ON DELETE CASCADE,
	group_name TEXT UNIQUE REFERENCES groups (name),
	CHECK ((library IS NULL) <> (group_name IS NULL))
);

CREATE TABLE grants (
	scope_kind     TEXT NOT NULL,
	scope_name     TEXT NOT NULL,
	principal_kind TEXT NOT NULL,
	principal_name TEXT NOT NULL,
	level          BIGINT NOT NULL,
	PRIMARY KEY (scope_kind, scope_name, principal_kind, principal_name)
);

CREATE TABLE settings (
	name  TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
);

CREATE TABLE changes (
	id     BIGINT NOT NULL PRIMARY KEY,
	at     BIGINT NOT NULL,
	actor  TEXT NOT NULL,
	action TEXT NOT NULL
);

-- Documents refer to the number: new ones lie together in their index, digests anywhere.
CREATE TABLE blobs (
	id     INTEGER NOT NULL PRIMARY KEY,
	digest BYTEA NOT NULL UNIQUE,
	size   BIGINT NOT NULL,
	state  BIGINT NOT NULL, -- 1 live, 2 doomed
	doomed BIGINT NOT NULL
);

CREATE INDEX blobs_doomed ON blobs (digest) WHERE state = 2;

CREATE TABLE items (
	item_key   BYTEA NOT NULL PRIMARY KEY,
	feed       TEXT NOT NULL,
	format     TEXT NOT NULL,
	file       TEXT NOT NULL,
	message_id TEXT NOT NULL,
	sender     TEXT NOT NULL,
	rung       BIGINT NOT NULL,
	evidence   TEXT NOT NULL,
	login      TEXT NOT NULL,
	size       BIGINT NOT NULL,
	mark       BIGINT NOT NULL -- checksum of beginning and end
);

CREATE INDEX items_message_id ON items (message_id) WHERE message_id <> '';

CREATE TABLE outcomes (
	item_key      BYTEA NOT NULL REFERENCES items (item_key),
	recipient_key TEXT NOT NULL,
	recipient     TEXT NOT NULL,
	state         TEXT NOT NULL,
	library       TEXT NOT NULL,
	reason        TEXT NOT NULL,
	detail        TEXT NOT NULL,
	run           TEXT NOT NULL,
	unfiled       BIGINT, -- 1, 2 … among those of the run that are not filed; NULL where filed
	at            BIGINT NOT NULL,
	documents     BIGINT NOT NULL,
	bytes         BIGINT NOT NULL,
	skipped       BIGINT NOT NULL,
	seal          BYTEA,
	PRIMARY KEY (item_key, recipient_key)
);

CREATE UNIQUE INDEX outcomes_unfiled ON outcomes (run, unfiled) WHERE unfiled IS NOT NULL;

CREATE TABLE held (
	id            BIGINT NOT NULL PRIMARY KEY,
	item_key      BYTEA NOT NULL,
	recipient_key TEXT NOT NULL,
	state         TEXT NOT NULL,
	since         BIGINT NOT NULL,
	digest        BYTEA NOT NULL,
	blob          BYTEA REFERENCES blobs (digest), -- the same; NULL once it was swept
	announced     BIGINT NOT NULL,
	ended         BIGINT NOT NULL,
	actor         TEXT NOT NULL,
	library       TEXT NOT NULL,
	author        TEXT NOT NULL,
	end_run       TEXT NOT NULL, -- whose books have the end; '' is none
	end_seal      BYTEA,
	UNIQUE (item_key, recipient_key),
	FOREIGN KEY (item_key, recipient_key) REFERENCES outcomes (item_key, recipient_key)
);

CREATE INDEX held_state ON held (state, id);
CREATE INDEX held_blob ON held (blob) WHERE blob IS NOT NULL;
CREATE INDEX held_ended ON held (end_run, id) WHERE state <> 'held';

-- One row: the bytes of the blobs that rows of held in state 'held' refer to.
CREATE TABLE held_total (
	bytes BIGINT NOT NULL
);

INSERT INTO held_total (bytes) VALUES (0);

CREATE TABLE documents (
	library       TEXT NOT NULL REFERENCES libraries (name),
	folder_key    TEXT NOT NULL,
	name_key      TEXT NOT NULL,
	version       BIGINT NOT NULL,
	folder        TEXT NOT NULL,
	name          TEXT NOT NULL,
	size          BIGINT NOT NULL,
	digest        BYTEA,
	blob          BIGINT REFERENCES blobs (id), -- the same; NULL once it was swept
	damaged       TEXT NOT NULL,
	content_type  TEXT NOT NULL,
	author        TEXT NOT NULL,
	rung          BIGINT NOT NULL,
	evidence      TEXT NOT NULL,
	created       BIGINT NOT NULL,
	original_name TEXT NOT NULL,
	part          TEXT NOT NULL,
	message_id    TEXT NOT NULL,
	email_sender  TEXT NOT NULL,
	email_from    TEXT NOT NULL,
	email_to      TEXT NOT NULL,
	email_cc      TEXT NOT NULL,
	email_subject TEXT NOT NULL,
	email_date    TEXT NOT NULL,
	item_key      BYTEA,
	recipient_key TEXT NOT NULL,
	PRIMARY KEY (library, folder_key, name_key, version)
);

CREATE INDEX documents_item ON documents (item_key);
CREATE INDEX documents_blob ON documents (blob) WHERE blob IS NOT NULL;

CREATE TABLE numbers (
	library    TEXT NOT NULL REFERENCES libraries (name) ON DELETE CASCADE,
	folder_key TEXT NOT NULL,
	name_key   TEXT NOT NULL,
	last       BIGINT NOT NULL,
	PRIMARY KEY (library, folder_key, name_key)
);

CREATE TABLE publications (
	library    TEXT NOT NULL REFERENCES libraries (name),
	folder_key TEXT NOT NULL,
	name_key   TEXT NOT NULL,
	folder     TEXT NOT NULL,
	name       TEXT NOT NULL,
	version    BIGINT NOT NULL,
	process    TEXT NOT NULL,
	seq        INTEGER NOT NULL PRIMARY KEY, -- small: it begins again where there is none
	UNIQUE (library, folder_key, name_key, process)
);

CREATE TABLE runs (
	id          TEXT NOT NULL PRIMARY KEY,
	job         TEXT NOT NULL,
	started_by  TEXT NOT NULL,
	host        TEXT NOT NULL,
	process     TEXT NOT NULL,
	started     BIGINT NOT NULL,
	ended       BIGINT NOT NULL,
	state       TEXT NOT NULL,
	backlog     BIGINT NOT NULL,
	oldest      BIGINT NOT NULL,
	processed   BIGINT NOT NULL,
	filed       BIGINT NOT NULL,
	duplicate   BIGINT NOT NULL,
	held        BIGINT NOT NULL,
	deleted     BIGINT NOT NULL,
	deferred    BIGINT NOT NULL,
	documents   BIGINT NOT NULL,
	bytes       BIGINT NOT NULL,
	skipped     BIGINT NOT NULL,
	place       BIGINT UNIQUE, -- in the chain; NULL while open
	rows_digest BYTEA,
	previous    BYTEA,
	digest      BYTEA,
	swept       BIGINT NOT NULL
);

CREATE INDEX runs_started ON runs (started, id);
CREATE INDEX runs_open ON runs (started, id) WHERE state = 'open';

CREATE TABLE processed (
	run        TEXT NOT NULL REFERENCES runs (id),
	seq        BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	item_key   BYTEA,
	feed       TEXT NOT NULL,
	file       TEXT NOT NULL,
	message_id TEXT NOT NULL,
	state      TEXT NOT NULL,
	documents  BIGINT NOT NULL,
	bytes      BIGINT NOT NULL,
	skipped    BIGINT NOT NULL,
	waiting    TEXT NOT NULL, -- one Go-quoted recipient a line
	detail     TEXT NOT NULL,
	PRIMARY KEY (run, seq)
);

-- By day first, so that a new row lands among those of its day, however many there are
-- in all: what is scattered over a whole index costs a page each, written twice.
CREATE INDEX processed_message_id ON processed ((at / 86400000000), message_id);
CREATE INDEX processed_file ON processed ((at / 86400000000), file);

CREATE TABLE sweeps (
	run           TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
	expiring      BIGINT NOT NULL,
	expired       BIGINT NOT NULL,
	versions      BIGINT NOT NULL,
	runs          BIGINT NOT NULL,
	doomed        BIGINT NOT NULL,
	removed       BIGINT NOT NULL,
	removed_bytes BIGINT NOT NULL
);
