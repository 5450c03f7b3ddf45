-- What the vigia compares.

-- name: retrato
-- returns: retrato text
-- which transactions a reader sees at this moment, and on which connection: as long as this is the same, so is all that
-- can be read. Exact where a position of the WAL is not: that one moves before a commit can be seen, and for much that
-- changes nothing.
SELECT pg_backend_pid() || ' ' || pg_current_snapshot() AS retrato
