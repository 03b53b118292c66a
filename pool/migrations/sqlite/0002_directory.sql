-- The directory: names, e-mails and hashes. The journal knows people and machines by their ids
-- only, so that a person can be erased here. Ids are 16 bytes, times milliseconds since 1970.

CREATE TABLE person (
    id            BLOB PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE,  -- lower case
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,         -- argon2id, in PHC form
    created_ms    INTEGER NOT NULL
) STRICT;

-- Log-ins. Only the SHA-256 of a token is here.
CREATE TABLE user_token (
    hash       BLOB PRIMARY KEY,
    person     BLOB NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    machine    BLOB,                     -- good on this machine only; null: over REST only
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX user_token_person ON user_token (person);

CREATE TABLE service (
    id         BLOB PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    token_hash BLOB NOT NULL UNIQUE,
    act_for    INTEGER NOT NULL,
    pools      TEXT,                     -- JSON list; null: all
    clients    TEXT,                     -- JSON list; null: all
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE machine (
    id              BLOB PRIMARY KEY,
    name            TEXT NOT NULL,
    credential_hash BLOB NOT NULL UNIQUE,
    enrolled_ms     INTEGER NOT NULL
) STRICT;

-- Invitations that were not used yet.
CREATE TABLE invitation (
    hash       BLOB PRIMARY KEY,
    expires_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE admin_token (
    hash       BLOB PRIMARY KEY,
    created_ms INTEGER NOT NULL
) STRICT;

-- Reports look up who got a seat or a place whose end they tell.
CREATE INDEX journal_seat_granted ON journal (json_extract(payload, '$.seat'))
    WHERE kind = 'seat_granted';
CREATE INDEX journal_place_taken ON journal (json_extract(payload, '$.place'))
    WHERE kind = 'place_taken';
