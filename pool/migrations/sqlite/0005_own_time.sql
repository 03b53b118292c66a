-- The server's own time, by which log-ins and invitations end: it goes on with a monotonic clock
-- while the server runs, so that no setting of the wall clock turns it. Their expires_ms are in it.
CREATE TABLE own_time (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    own_ms  INTEGER NOT NULL,  -- milliseconds; it began as those since 1970
    wall_ms INTEGER NOT NULL   -- what the wall clock showed then, to see how long the server stood still
) STRICT;
