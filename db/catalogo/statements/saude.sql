-- What /health asks, and what the replica's answers say of themselves.

-- name: saude (health)
-- returns: standby bool, recusa bool, ouve bool, atraso_bytes int, atraso_segundos int, recebido int, repetido int, ultimo_commit int, servidor text?
-- Whether this is a standby, whether it refuses writes, whether it hears from its primary, and how far behind it is: bytes received but
-- not replayed, and seconds since the last commit that it has, 0 while it hears from the primary and has replayed all. Without its primary
-- a standby cannot know what it lacks: the seconds are then the most that it can be behind. Then what these are made of: the positions
-- received and replayed, and when the last commit that was replayed was made, in microseconds. Last the server's name.
SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only')::boolean AS recusa, ouve,
       greatest(recebido - repetido, 0)::bigint AS atraso_bytes,
       CASE WHEN ouve AND recebido <= repetido THEN 0
            ELSE extract(epoch FROM clock_timestamp() - coalesce(commit, pg_postmaster_start_time())) END::bigint AS atraso_segundos,
       coalesce(recebido, 0)::bigint AS recebido, coalesce(repetido, 0)::bigint AS repetido,
       coalesce(extract(epoch FROM commit) * 1000000, 0)::bigint AS ultimo_commit,
       nullif(current_setting('cluster_name'), '') AS servidor
FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver), pg_last_wal_receive_lsn() - '0/0'::pg_lsn,
             pg_last_wal_replay_lsn() - '0/0'::pg_lsn, pg_last_xact_replay_timestamp()) AS receptor (ouve, recebido, repetido, commit)
