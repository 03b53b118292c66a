-- The key with which the store seals what machines are told of its history, so that they can show
-- it again after the store was rolled back. Kept for ever, also by `restore` and `recover`.
CREATE TABLE position_key (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB NOT NULL
) STRICT;

-- SHA-256 over all the rest of a record; null: it was written before there were any.
ALTER TABLE journal ADD COLUMN checksum BLOB;
