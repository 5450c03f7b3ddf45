-- What /health asks, and what the replica's answers say of themselves.

-- name: saude (health)
-- Whether this is a standby, whether it hears from its primary, and how far behind it is: bytes received but not replayed, and
-- seconds since the last commit that it has, 0 while it hears from the primary and has replayed all. Without its primary a standby
-- cannot know what it lacks: the seconds are then the most that it can be behind.
SELECT pg_is_in_recovery(), ouve,
       greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint,
       CASE WHEN ouve AND pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())) END::bigint
FROM (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver)) AS receptor (ouve)
