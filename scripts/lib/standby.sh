# The catalogue's pair: making a standby, promoting it, keeping what was the primary from being one beside another.
# shellcheck shell=bash

in_recovery() {
    [[ $(PSQL_SECONDS=$(request_seconds) psql_as_dono "$1" postgres -c 'SELECT pg_is_in_recovery()' 2>/dev/null) == t ]]
}

writable() {
    [[ $(PSQL_SECONDS=$(request_seconds) psql_as_dono "$1" postgres -c 'SELECT NOT pg_is_in_recovery()' 2>/dev/null) == t ]]
}

streaming() {
    [[ $(PSQL_SECONDS=$(request_seconds) psql_as_dono "$(catalogue_primary)" postgres -c \
        "SELECT state FROM pg_stat_replication WHERE application_name = 'replica'" 2>/dev/null) == streaming ]]
}

# A primary that is one already, or becomes one: also ends a promotion that was broken off.
primary_become() {
    if in_recovery "$1"; then
        say "promoting $1"
        psql_as_dono "$1" postgres -c 'SELECT pg_promote(false)' >/dev/null
    fi
    wait_for "$WAIT_SECONDS" writable "$1" || die "$1 did not become writable within $WAIT_SECONDS seconds" "see $LOG/$1.log"
}

# cluster_processes CLUSTER: every process that works on its data, whoever their parent is.
cluster_processes() {
    local pid program
    processes_left | while read -r pid program; do
        [[ $program != postgres || $(readlink "/proc/$pid/cwd") != "$DATA/$1" ]] || printf '%s\n' "$pid"
    done
}

cluster_gone() {
    [[ -z $(cluster_processes "$1") ]]
}

# Stops a cluster for certain: gently, so that its standby gets all, unless it does not answer. One that is frozen would go on
# where it was when it thaws, so its processes are killed, too.
cluster_stop() {
    local cluster=$1 stopping pid
    supervisor stop "$cluster" &
    stopping=$!
    if ! writable "$cluster" || ! wait_for 30 cluster_gone "$cluster"; then
        while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done < <(cluster_processes "$cluster")
    fi
    wait "$stopping" || true
    wait_for "$WAIT_SECONDS" cluster_gone "$cluster" || die "$cluster cannot be stopped" "its processes: $(cluster_processes "$cluster" | paste -sd ' ')"
}

# The slot in which the primary keeps what its standby, or the one that it is to have, has not read yet.
primary_slot() {
    psql_as_dono "$1" postgres >/dev/null <<SQL
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$STANDBY_SLOT' AND wal_status = 'lost';
SELECT pg_create_physical_replication_slot('$STANDBY_SLOT', true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$STANDBY_SLOT');
SQL
}

# A new copy of the running primary.
standby_copy() {
    local standby new
    standby=$(catalogue_standby)
    new=$DATA/$standby.novo
    say "making the hot standby $standby"
    postgres_new_dir "$new"
    primary_slot "$(catalogue_primary)"
    postgres_quiet "$PG_BIN/pg_basebackup" -h "$RUN" -p "${PG_PORT[$(catalogue_primary)]}" -U postgres -D "$new" \
        -X stream -S "$STANDBY_SLOT" --checkpoint=fast --no-sync
    as_owner touch "$new/standby.signal"
    sync -f "$new"
    mv -T "$new" "$DATA/$standby"
}

# A cluster that was the primary is taken back to where the two parted; what it alone had is undone.
standby_rewind() {
    local primary standby output
    primary=$(catalogue_primary)
    standby=$(catalogue_standby)
    say "winding $standby back to where $primary left it"
    primary_slot "$primary"
    psql_as_dono "$primary" postgres -c CHECKPOINT >/dev/null
    output=$(as_owner "$PG_BIN/pg_rewind" --target-pgdata="$DATA/$standby" --config-file="$ETC/$standby.conf" --no-sync \
        --source-server="host=$RUN port=${PG_PORT[$primary]} user=postgres dbname=postgres" 2>&1) || {
        say "it cannot be: $(grep -m 1 -o 'error: .*' <<<"$output" || tail -n 1 <<<"$output")"
        return 1
    }
    as_owner touch "$DATA/$standby/standby.signal"
    sync -f "$DATA/$standby"
}

# A standby that was away for more WAL than the primary keeps can never catch up: it is only a copy, so make another.
standby_lost() {
    standby_made && [[ $(psql_as_dono "$(catalogue_primary)" postgres -c \
        "SELECT coalesce((SELECT wal_status FROM pg_replication_slots WHERE slot_name = '$STANDBY_SLOT'), 'lost')") == lost ]]
}

# Starts the standby and waits until it follows, tables and all: programs are checked against them.
standby_start() {
    local standby
    standby=$(catalogue_standby)
    supervisor start "$standby"
    store_wait "$standby" postgres_ready "$standby"
    if ! wait_for "$WAIT_SECONDS" standby_has_schema || ! wait_for "$WAIT_SECONDS" streaming; then
        die "the standby does not follow the primary" "see $LOG/$standby.log"
    fi
}

standby_has_schema() {
    local newest='SELECT max(numero) FROM migracoes'
    [[ $(psql_as_dono "$(catalogue_standby)" catalogo -c "$newest" 2>/dev/null) == \
        "$(psql_as_dono "$(catalogue_primary)" catalogo -c "$newest")" ]]
}
