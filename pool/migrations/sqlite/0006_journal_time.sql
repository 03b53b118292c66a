-- When records were written, by the server's own time: what the wall clock showed then is for
-- people. A record has at least the time of the last row up to it, and less than a minute more.
CREATE TABLE journal_time (
    seq    INTEGER PRIMARY KEY,     -- the first record that was written then
    own_ms INTEGER NOT NULL UNIQUE  -- milliseconds of the server's own time; rises with seq
) STRICT;
