# The PostgreSQL clusters: catalogue primary, its hot standby, orders. On unix sockets only; the port is part of a socket's name.
# shellcheck shell=bash

declare -A PG_PORT=([pg-catalogo]=5432 [pg-replica]=5433 [pg-pedidos]=5434)
STANDBY_SLOT=replica
# Which cluster is the catalogue's primary is written here by scripts/promote, before it promotes.
PRIMARY_FILE=primario
STANDBY_TIMEOUT=5s
# A transaction that a person began in psql and forgot holds its locks no longer than this.
IDLE_TIMEOUT=60s

# The catalogue's primary, as it was decided: that it is one is for the server to say.
catalogue_primary() {
    local name=pg-catalogo
    [[ ! -s $ETC/$PRIMARY_FILE ]] || name=$(<"$ETC/$PRIMARY_FILE")
    [[ $name == pg-catalogo || $name == pg-replica ]] || die "$ETC/$PRIMARY_FILE names $name" "it must say pg-catalogo or pg-replica"
    printf '%s' "$name"
}

# The other one.
catalogue_standby() {
    if [[ $(catalogue_primary) == pg-catalogo ]]; then printf pg-replica; else printf pg-catalogo; fi
}

# Whether the other cluster's data are a standby's. What was a primary is never started beside another until it is one.
standby_made() {
    [[ -f $DATA/$(catalogue_standby)/standby.signal ]]
}

# cluster_of SERVICE: where its database is written to.
cluster_of() {
    if [[ $1 == catalogo ]]; then catalogue_primary; else printf 'pg-%s' "$1"; fi
}

# psql_as_dono CLUSTER DATABASE [OPTIONS] < sql: as the superuser, by peer authentication. PSQL_SECONDS limits its time.
psql_as_dono() {
    local port=${PG_PORT[$1]} database=$2
    shift 2
    as_owner ${PSQL_SECONDS:+timeout "$PSQL_SECONDS"} "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$RUN" -p "$port" -U postgres -d "$database" "$@"
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
    postgres_idents | put_config "$ETC/pg-ident.conf"
    postgres_access catalogo catalogo,catalogo_leitura | put_config "$ETC/pg-catalogo.hba"
    postgres_access catalogo catalogo,catalogo_leitura | put_config "$ETC/pg-replica.hba"
    postgres_access pedidos pedidos,conciliador | put_config "$ETC/pg-pedidos.hba"
}

# Who connects is for the kernel to say: a role may always set a password of its own, so none is asked for.
postgres_idents() {
    local user role
    user=$(id -un "$OWNER")
    printf 'dono %s postgres\n' "$user"
    for role in catalogo catalogo_leitura replicador pedidos conciliador; do
        printf 'servico %s %s\n' "$user" "$role"
    done
}

# The log never gets a customer's data or a password: no DETAIL, no parameters, no text of a statement that failed.
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
client_connection_check_interval = 500ms
idle_in_transaction_session_timeout = $IDLE_TIMEOUT
shared_buffers = 64MB
huge_pages = off
password_encryption = scram-sha-256
wal_level = replica
hot_standby = on
wal_log_hints = on
max_slot_wal_keep_size = 1GB
wal_retrieve_retry_interval = 500ms
wal_receiver_timeout = $STANDBY_TIMEOUT
timezone = UTC
log_timezone = UTC
log_destination = stderr
log_line_prefix = '%m [%p] %q%u@%d '
log_error_verbosity = terse
log_parameter_max_length = 0
log_min_error_statement = panic
log_checkpoints = off
CONF
    [[ $cluster == pg-pedidos ]] || postgres_settings_pair "$cluster"
}

# Either of the catalogue's two may have to follow the other.
postgres_settings_pair() {
    local other=pg-catalogo
    [[ $1 != pg-catalogo ]] || other=pg-replica
    cat <<CONF
primary_conninfo = 'host=$RUN port=${PG_PORT[$other]} user=replicador application_name=replica connect_timeout=2'
primary_slot_name = '$STANDBY_SLOT'
CONF
}

postgres_access() {
    cat <<CONF
local all         postgres   peer map=dono
local replication postgres   peer map=dono
local replication replicador peer map=servico
local $1 $2 peer map=servico
CONF
}

# A data directory gets its name when it is complete; what a broken run left under the other name is thrown away.
postgres_init() {
    local cluster=$1 new=$DATA/$1.novo
    [[ ! -d $DATA/$cluster ]] || return 0
    say "making the PostgreSQL cluster $cluster"
    postgres_new_dir "$new"
    postgres_quiet "$PG_BIN/initdb" -D "$new" -U postgres --auth=reject --encoding=UTF8 --locale=C.UTF-8 --no-sync \
        --no-instructions
    sync -f "$new"
    mv -T "$new" "$DATA/$cluster"
}

# One version for all clusters, and one that is installed.
postgres_check_version() {
    local cluster
    for cluster in "${!PG_PORT[@]}"; do
        [[ ! -d $DATA/$cluster ]] || postgres_check_cluster "$cluster"
    done
    [[ -x $PG_BIN/postgres ]] ||
        die "the data in $DATA were made by PostgreSQL $PG_VERSION, which is not installed here" \
            "apt-get install postgresql-$PG_VERSION, or migrate them with pg_upgrade"
    ((PG_VERSION >= PG_MIN)) || die "PostgreSQL $PG_VERSION is too old: this needs $PG_MIN" "apt-get install postgresql"
}

postgres_check_cluster() {
    local file=$DATA/$1/PG_VERSION
    [[ -f $file ]] || die "$DATA/$1 is not a PostgreSQL data directory" "restore it, or scripts/down --purge and start again with an empty one"
    [[ $(<"$file") == "$PG_VERSION" ]] ||
        die "$DATA/$1 was made by PostgreSQL $(<"$file"), and other data here by $PG_VERSION" "migrate it with pg_upgrade"
}

postgres_new_dir() {
    rm -rf -- "$1"
    install -d -m 0700 -o "$OWNER" -g "$GROUP" "$1"
}

postgres_quiet() {
    local output
    output=$(as_owner "$@" 2>&1) || die "${1##*/} failed: $output"
}

# Of a system that runs: who may connect, and what the roles may.
postgres_renew() {
    local cluster
    postgres_configure
    for cluster in "${!PG_PORT[@]}"; do
        ! postgres_ready "$cluster" || psql_as_dono "$cluster" postgres -c 'SELECT pg_reload_conf()' >/dev/null
    done
    postgres_roles
}

postgres_roles() {
    postgres_roles_catalogo | psql_as_dono "$(catalogue_primary)" postgres
    printf '%s\n' 'CREATE EXTENSION IF NOT EXISTS unaccent;' | postgres_quiet_notices "$(catalogue_primary)" catalogo
    { postgres_database pedidos && postgres_login pedidos pedidos && postgres_login conciliador pedidos; } | psql_as_dono pg-pedidos postgres
}

# After the migrations, which make extensions.
postgres_functions() {
    postgres_functions_of catalogo catalogo catalogo_leitura | psql_as_dono "$(catalogue_primary)" catalogo --single-transaction
    postgres_functions_of pedidos pedidos conciliador | psql_as_dono pg-pedidos pedidos --single-transaction
}

postgres_quiet_notices() {
    { printf 'SET client_min_messages = warning;\n' && cat; } | psql_as_dono "$1" "$2"
}

postgres_roles_catalogo() {
    postgres_database catalogo
    postgres_login catalogo catalogo
    postgres_login catalogo_leitura catalogo 'SET default_transaction_read_only = on'
    postgres_login replicador '' REPLICATION
}

# The database, owned by a role that nobody can log in as, closed to everyone who is not let in below.
postgres_database() {
    cat <<SQL
SELECT 'CREATE ROLE $1_dono NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1_dono') \gexec
SELECT 'CREATE DATABASE $1 OWNER $1_dono' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$1') \gexec
REVOKE ALL ON DATABASE $1, postgres, template1 FROM PUBLIC;
SQL
}

# postgres_login ROLE [DATABASE [OPTION]]: a role that may log in, into that database, with these settings and no others: a role may change
# its own password and settings, so they are put right here.
postgres_login() {
    cat <<SQL
SELECT 'CREATE ROLE $1 LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1') \gexec
BEGIN;
SELECT concat('ALTER ROLE $1 ', 'IN DATABASE ' || quote_ident(datname), ' RESET ALL')
FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase WHERE setrole = '$1'::regrole \gexec
ALTER ROLE $1 PASSWORD NULL;
${3:+ALTER ROLE $1 $3;}
COMMIT;
SQL
    [[ -z ${2:-} ]] || printf 'GRANT CONNECT ON DATABASE %s TO %s;\n' "$2" "$1"
}

# What the services' statements call of the server's own functions that do more than compute from their arguments.
declare -A ROLE_FUNCTIONS=(
    [catalogo]='random() clock_timestamp() pg_is_in_recovery() pg_last_wal_receive_lsn() pg_last_wal_replay_lsn() pg_last_xact_replay_timestamp()'
    [catalogo_leitura]='clock_timestamp() pg_is_in_recovery() pg_last_wal_receive_lsn() pg_last_wal_replay_lsn() pg_last_xact_replay_timestamp()'
    [pedidos]='pg_is_in_recovery() set_config(text,text,boolean)'
    [conciliador]='random() set_config(text,text,boolean) pg_lock_status() pg_try_advisory_lock(bigint)'
)

# postgres_functions_of DATABASE ROLE...: takes from everyone, but the owner of the database, the server's functions that PostgreSQL lets
# everyone call and that do more than compute (large objects, advisory locks, messages, sleep, other backends), and anonymous code; gives
# the roles what they need.
postgres_functions_of() {
    local database=$1 role function
    cat <<SQL
DO \$\$
DECLARE
    funcao regprocedure;
BEGIN
    FOR funcao IN
        SELECT oid FROM pg_proc
        WHERE proowner = 10 AND provolatile = 'v'
          AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) AS acl WHERE acl.grantee = 0))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', funcao);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${database}_dono', funcao);
    END LOOP;
END \$\$;
REVOKE USAGE ON LANGUAGE sql, plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE sql, plpgsql TO ${database}_dono;
SQL
    shift
    for role in "$@"; do
        for function in ${ROLE_FUNCTIONS[$role]}; do
            printf 'GRANT EXECUTE ON FUNCTION %s TO %s;\n' "$function" "$role"
        done
    done
}
