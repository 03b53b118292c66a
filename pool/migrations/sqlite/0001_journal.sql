-- The journal: append-only, numbered from 1 without gaps.
CREATE TABLE journal (
    seq        INTEGER PRIMARY KEY,
    at_ms      INTEGER NOT NULL,  -- wall clock, milliseconds since 1970, for people
    generation INTEGER NOT NULL,  -- the store's random number when this was written
    version    INTEGER NOT NULL,  -- of the payload's form
    kind       TEXT    NOT NULL,
    request    BLOB,              -- the request that caused it, 16 bytes
    payload    TEXT    NOT NULL   -- JSON
) STRICT;

-- Snapshots of the state: the newest and the one before.
CREATE TABLE snapshot (
    seq        INTEGER PRIMARY KEY,  -- the last record that it contains
    generation INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    checksum   BLOB    NOT NULL,     -- SHA-256
    payload    BLOB    NOT NULL      -- JSON
) STRICT;

-- Written after a failure, to learn whether the disk can be written again.
CREATE TABLE probe (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    tried INTEGER NOT NULL
) STRICT;
