-- How far each machine's link secrets have come. The secrets themselves are nowhere: they are
-- worked out from the store's key.
CREATE TABLE machine_link (
    machine       BLOB PRIMARY KEY REFERENCES machine (id) ON DELETE CASCADE,
    generation    INTEGER NOT NULL,  -- in another generation of the store nothing of this counts
    counted       INTEGER NOT NULL,  -- the newest secret that the machine surely has; 0: none
    clone_seen_ms INTEGER            -- when another computer last used this machine's enrolment
) STRICT;
