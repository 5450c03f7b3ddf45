-- What /health asks, and what the replica's answers say of themselves.

-- name: saude (health)
-- Whether this is a standby, whether it refuses writes, whether it hears from its primary, and how far behind it is: bytes received but
-- not replayed, and seconds since the last commit that it has, 0 while it hears from the primary and has replayed all. Without its primary
-- a standby cannot know what it lacks: the seconds are then the most that it can be behind. Then what these are made of: the positions
-- received and replayed, and when the last commit that was replayed was made, in microseconds. Last the server's name.
SELECT pg_is_in_recovery(), current_setting('transaction_read_only')::boolean, ouve,
       greatest(recebido - repetido, 0)::bigint,
       CASE WHEN ouve AND recebido <= repetido THEN 0
            ELSE extract(epoch FROM clock_timestamp() - coalesce(commit, pg_postmaster_start_time())) END::bigint,
       coalesce(recebido, 0)::bigint, coalesce(repetido, 0)::bigint, coalesce(extract(epoch FROM commit) * 1000000, 0)::bigint,
       nullif(current_setting('cluster_name'), '')
FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver), pg_last_wal_receive_lsn() - '0/0'::pg_lsn,
             pg_last_wal_replay_lsn() - '0/0'::pg_lsn, pg_last_xact_replay_timestamp()) AS receptor (ouve, recebido, repetido, commit)
