-- Records that could not be read or applied, as they were. Another record stands in their place.
CREATE TABLE quarantined (
    seq            INTEGER NOT NULL,
    quarantined_ms INTEGER NOT NULL,  -- wall clock, milliseconds since 1970, for people
    because_of     INTEGER NOT NULL,  -- the record that an administrator named
    reason         TEXT    NOT NULL,
    -- The columns of the journal, with whatever was in them; null throughout: the record was missing.
    at_ms          ANY,
    generation     ANY,
    version        ANY,
    kind           ANY,
    request        ANY,
    payload        ANY,
    checksum       ANY,
    PRIMARY KEY (seq, quarantined_ms)
) STRICT;
