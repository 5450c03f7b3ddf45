# One moment of all stores, while customers go on, and the log of PostgreSQL up to it. See docs/decisions/0007-one-moment-of-three-stores.md.
# shellcheck shell=bash

BACKUP_SLOT=backup
BACKUP_NAME=confeitaria_backup
MOMENT_TRIES=20
declare -A MOMENT_LSN=()

stream_to() {
    printf 'host=%s port=%s user=postgres application_name=%s' "$RUN" "${PG_PORT[$(cluster_of "${1#pg-}")]}" "$BACKUP_NAME"
}

# Ends the connections of a backup, ours or those of one that was killed, and gives up its claim on the log.
streams_end() {
    local cluster
    for cluster in "${BACKUP_CLUSTERS[@]}"; do
        PSQL_SECONDS=60 psql_as_dono "$(cluster_of "${cluster#pg-}")" postgres >/dev/null <<SQL
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_replication WHERE application_name = '$BACKUP_NAME';
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$BACKUP_SLOT' AND NOT active;
SQL
    done
}

# moment_try NAME: while no order can change, writes the restore point into both clusters and lets Redis fork for its dump. What is
# not moved on in one store meanwhile is what a crash leaves there, which the conciliador mends. Prints what came of it.
# Nobody waits long: the lock is asked for shortly, a vacuum gives way to it, and PostgreSQL lets go of it when this process hangs,
# all within what a worker waits for PostgreSQL (3/8 of prazo_segundos).
moment_try() {
    local seconds lock_ms idle_ms
    seconds=$(request_seconds) lock_ms=$((75 * seconds)) idle_ms=$((250 * seconds))
    local redis="redis-cli --no-auth-warning -s $RUN/redis.sock --user operador"
    local catalogo="$PG_BIN/psql -X -q -A -t -F ' ' -h $RUN -p ${PG_PORT[$(catalogue_primary)]} -U postgres -d postgres"
    REDISCLI_AUTH=$(secret redis_operador) PSQL_SECONDS=60 psql_as_dono pg-pedidos pedidos -F ' ' 2>&1 <<SQL
SET deadlock_timeout = '20ms';
SET lock_timeout = '${lock_ms}ms';
SET idle_in_transaction_session_timeout = '${idle_ms}ms';
BEGIN;
SELECT clock_timestamp() AS began \gset
LOCK TABLE pedidos, eventos IN SHARE MODE;
\! timeout $((seconds / 4)).$((seconds % 4 * 25)) $catalogo -c "SELECT 'pg-catalogo', pg_create_restore_point('$1')"
\! timeout $((seconds / 4)).$((seconds % 4 * 25)) $redis bgsave
SELECT 'pg-pedidos', pg_create_restore_point('$1');
SELECT 'waited', ceil(1000 * extract(epoch FROM clock_timestamp() - :'began'));
COMMIT;
SQL
}

# Sets MOMENT, MOMENT_LSN and MOMENT_MS. A try that one store did not take part in is no moment, and has a name that is not used again.
moment_fix() {
    local try said cluster
    for ((try = 1; try <= MOMENT_TRIES; try++)); do
        wait_for "$WAIT_SECONDS" redis_has_no_child || die "Redis has been writing its files for $WAIT_SECONDS seconds" "see $LOG/redis.log"
        rm -f "$DATA/redis/dump.rdb"
        MOMENT=$(date -u +backup-%Y%m%dT%H%M%SZ)-$try
        said=$(moment_try "$MOMENT") || true
        for cluster in "${BACKUP_CLUSTERS[@]}"; do
            MOMENT_LSN[$cluster]=$(sed -n "s/^$cluster //p" <<<"$said")
        done
        MOMENT_MS=$(sed -n 's/^waited //p' <<<"$said")
        [[ -z $MOMENT_MS || -z ${MOMENT_LSN[pg-catalogo]} || $said != *'Background saving started'* ]] || return 0
        sleep 0.5
    done
    die "no moment was found in which all stores answered and no order was being changed; the last try said:" "$said"
}

redis_persistence() {
    redis_cli info persistence | tr -d '\r'
}

redis_has_no_child() {
    [[ $(redis_persistence | grep -cE '^(rdb_bgsave|aof_rewrite)_in_progress:0$') == 2 ]]
}

moment_redis_written() {
    wait_for 600 redis_has_no_child || die "Redis has not written its dump within ten minutes" "see $LOG/redis.log"
    [[ $(redis_persistence) == *rdb_last_bgsave_status:ok* && -s $DATA/redis/dump.rdb ]] ||
        die "Redis could not write its dump" "see $LOG/redis.log"
}

# log_until CLUSTER POSITION DIR: the log from the base backup's to that position. The switch sends it off at once.
log_until() {
    psql_as_dono "$(cluster_of "${1#pg-}")" postgres -c 'SELECT pg_switch_wal()' >/dev/null
    own_directory "$3"
    postgres_quiet "$PG_BIN/pg_receivewal" -d "$(stream_to "$1")" -D "$3" -S "$BACKUP_SLOT" --endpos="$2" --no-loop
    local part
    for part in "$3"/*.partial; do
        [[ ! -f $part ]] || as_owner mv "$part" "${part%.partial}"
    done
}
