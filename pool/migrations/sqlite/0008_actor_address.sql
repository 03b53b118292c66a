-- From where whoever acted asked. Beside the journal, whose records stay as they are: erasing the
-- person whom a record is about clears it.
CREATE TABLE actor_address (
    seq     INTEGER PRIMARY KEY,  -- the record
    address TEXT NOT NULL,        -- as the server saw it, or a trusted proxy told it
    person  BLOB                  -- whom the record is about; null: nobody
) STRICT;
CREATE INDEX actor_address_person ON actor_address (person) WHERE person IS NOT NULL;

-- Reports look up who wanted a release that was only confirmed later. A record that is no JSON must
-- not be in the way of making this.
CREATE INDEX journal_seat_leaving ON journal (json_extract(payload, '$.seat'))
    WHERE kind = 'seat_leaving' AND json_valid(payload);
