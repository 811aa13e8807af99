-- A version that says that its document was removed has no digest.
ALTER TABLE documents ADD COLUMN email_in_reply_to TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN email_references TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN removed BOOLEAN NOT NULL DEFAULT FALSE;

CREATE INDEX documents_removed ON documents (library, folder_key, name_key, version) WHERE removed;

-- The whole header of a message, for the libraries that keep it.
CREATE TABLE headers (
	library  TEXT NOT NULL REFERENCES libraries (name) ON DELETE CASCADE,
	item_key BYTEA NOT NULL REFERENCES items (item_key),
	header   TEXT NOT NULL,
	PRIMARY KEY (library, item_key)
);
