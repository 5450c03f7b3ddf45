# The PostgreSQL clusters: catalogue primary, its hot standby, orders. On unix sockets only; the port is part of a socket's name.
# shellcheck shell=bash

declare -A PG_PORT=([pg-catalogo]=5432 [pg-replica]=5433 [pg-pedidos]=5434)
STANDBY_SLOT=replica

# psql_as_dono CLUSTER DATABASE [OPTIONS] < sql: as the superuser, by peer authentication. PSQL_SECONDS limits its time.
psql_as_dono() {
    local port=${PG_PORT[$1]} database=$2
    shift 2
    as_owner timeout "${PSQL_SECONDS:-0}" "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$RUN" -p "$port" -U postgres -d "$database" "$@"
}

postgres_ready() {
    "$PG_BIN/pg_isready" -q -h "$RUN" -p "${PG_PORT[$1]}"
}

# Configuration lives in etc/, away from the data, and is made anew: a state that was moved keeps working.
postgres_configure() {
    local cluster
    for cluster in "${!PG_PORT[@]}"; do
        postgres_settings "$cluster" | put_config "$ETC/$cluster.conf"
    done
    printf 'dono %s postgres\n' "$(owner_name)" | put_config "$ETC/pg-ident.conf"
    postgres_access catalogo catalogo,catalogo_leitura | put_config "$ETC/pg-catalogo.hba"
    postgres_access catalogo catalogo,catalogo_leitura | put_config "$ETC/pg-replica.hba"
    postgres_access pedidos pedidos,conciliador | put_config "$ETC/pg-pedidos.hba"
}

owner_name() {
    if is_root; then printf '%s' "$SERVICE_USER"; else id -un; fi
}

# The log never gets a customer's data: no DETAIL, no parameters.
postgres_settings() {
    local cluster=$1
    cat <<CONF
data_directory = '$DATA/$cluster'
hba_file = '$ETC/$cluster.hba'
ident_file = '$ETC/pg-ident.conf'
listen_addresses = ''
unix_socket_directories = '$RUN'
unix_socket_permissions = 0770
port = ${PG_PORT[$cluster]}
cluster_name = '$cluster'
max_connections = 100
shared_buffers = 64MB
huge_pages = off
password_encryption = scram-sha-256
wal_level = replica
hot_standby = on
wal_log_hints = on
max_slot_wal_keep_size = 1GB
wal_retrieve_retry_interval = 500ms
primary_conninfo = 'host=$RUN port=${PG_PORT[pg-catalogo]} user=replicador passfile=$SECRETS/pgpass application_name=replica'
primary_slot_name = '$STANDBY_SLOT'
timezone = UTC
log_timezone = UTC
log_destination = stderr
log_line_prefix = '%m [%p] %q%u@%d '
log_error_verbosity = terse
log_parameter_max_length = 0
log_checkpoints = off
CONF
}

postgres_access() {
    cat <<CONF
local all         postgres   peer map=dono
local replication postgres   peer map=dono
local replication replicador scram-sha-256
local $1 $2 scram-sha-256
CONF
}

# A data directory gets its name when it is complete; what a broken run left under the other name is thrown away.
postgres_init() {
    local cluster=$1 new=$DATA/$1.novo
    postgres_check_version "$cluster"
    [[ ! -d $DATA/$cluster ]] || return 0
    say "making the PostgreSQL cluster $cluster"
    postgres_new_dir "$new"
    postgres_quiet "$PG_BIN/initdb" -D "$new" -U postgres --auth=reject --encoding=UTF8 --locale=C.UTF-8 --no-sync \
        --no-instructions
    sync -f "$new"
    mv -T "$new" "$DATA/$cluster"
}

postgres_check_version() {
    local file=$DATA/$1/PG_VERSION
    [[ -d $DATA/$1 ]] || return 0
    [[ -f $file ]] || die "$DATA/$1 is not a PostgreSQL data directory" "restore it, or scripts/down --purge and begin anew"
    [[ $(<"$file") == 15 ]] || die "$DATA/$1 was made by PostgreSQL $(<"$file"), and this runs 15" "migrate it with pg_upgrade"
}

postgres_new_dir() {
    rm -rf -- "$1"
    install -d -m 0700 -o "$(owner_id)" -g "$(group)" "$1"
}

postgres_quiet() {
    local output
    output=$(as_owner "$@" 2>&1) || die "$(basename "$1") failed: $output"
}

# The standby: a copy of the running primary, which keeps in a slot what the standby has not read yet.
postgres_standby() {
    local new=$DATA/pg-replica.novo
    [[ ! -d $DATA/pg-replica ]] || return 0
    say "making the hot standby pg-replica"
    postgres_new_dir "$new"
    psql_as_dono pg-catalogo postgres >/dev/null <<SQL
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$STANDBY_SLOT' AND NOT active;
SQL
    postgres_quiet "$PG_BIN/pg_basebackup" -h "$RUN" -p "${PG_PORT[pg-catalogo]}" -U postgres -D "$new" \
        -X stream -C -S "$STANDBY_SLOT" --checkpoint=fast --no-sync
    as_owner touch "$new/standby.signal"
    sync -f "$new"
    mv -T "$new" "$DATA/pg-replica"
}

# A standby that was away for more WAL than the primary keeps can never catch up: it is only a copy, so make another.
postgres_standby_lost() {
    [[ -d $DATA/pg-replica && $(psql_as_dono pg-catalogo postgres -c \
        "SELECT coalesce((SELECT wal_status FROM pg_replication_slots WHERE slot_name = '$STANDBY_SLOT'), 'lost')") == lost ]]
}

postgres_roles() {
    postgres_roles_catalogo | psql_as_dono pg-catalogo postgres
    printf '%s\n' 'CREATE EXTENSION IF NOT EXISTS unaccent;' | postgres_quiet_notices pg-catalogo catalogo
    { postgres_database pedidos && postgres_login pedidos pedidos && postgres_login conciliador pedidos; } | psql_as_dono pg-pedidos postgres
}

postgres_quiet_notices() {
    { printf 'SET client_min_messages = warning;\n' && cat; } | psql_as_dono "$1" "$2"
}

postgres_roles_catalogo() {
    postgres_database catalogo
    postgres_login catalogo catalogo
    postgres_login catalogo_leitura catalogo
    postgres_login replicador
    printf '%s\n' 'ALTER ROLE catalogo_leitura SET default_transaction_read_only = on;' 'ALTER ROLE replicador REPLICATION;'
}

# The database, owned by a role that nobody can log in as, closed to everyone who is not let in below.
postgres_database() {
    cat <<SQL
SELECT 'CREATE ROLE $1_dono NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1_dono') \gexec
SELECT 'CREATE DATABASE $1 OWNER $1_dono' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$1') \gexec
REVOKE ALL ON DATABASE $1, postgres, template1 FROM PUBLIC;
SQL
}

# postgres_login ROLE [DATABASE]: a role that may log in, into that database. The password goes through standard input only.
postgres_login() {
    cat <<SQL
SELECT 'CREATE ROLE $1 LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1') \gexec
ALTER ROLE $1 PASSWORD '$(secret "$1")';
SQL
    [[ -z ${2:-} ]] || printf 'GRANT CONNECT ON DATABASE %s TO %s;\n' "$2" "$1"
}
