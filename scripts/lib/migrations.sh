# Migrations and stock: each file of db/<service>/migrations once, in order, in a transaction of its own, written down.
# shellcheck shell=bash

SERVICE_DATABASES=(catalogo pedidos)

migrations_apply() {
    local service applied
    for service in "${SERVICE_DATABASES[@]}"; do
        migrations_begin "$service"
        applied=$(psql_as_dono "$(cluster_of "$service")" "$service" -c 'SELECT numero, sha256 FROM migracoes')
        migrations_known "$service" "$applied"
        migrations_missing "$service" "$applied"
    done
}

migrations_begin() {
    psql_as_dono "$(cluster_of "$1")" "$1" <<SQL
SET client_min_messages = warning;
SET ROLE $1_dono;
CREATE TABLE IF NOT EXISTS migracoes (
    numero int PRIMARY KEY,
    nome text NOT NULL,
    sha256 text NOT NULL,
    aplicada_em timestamptz NOT NULL DEFAULT now()
);
SQL
}

# A database that knows more than this checkout belongs to a newer one.
migrations_known() {
    local number hash
    while IFS='|' read -r number hash; do
        [[ -z $number ]] || compgen -G "$TOP/db/$1/migrations/$(printf %04d "$number")_*.sql" >/dev/null ||
            die "the database $1 has migration $number, which this checkout lacks" "run the version that made it, or a newer one"
    done <<<"$2"
}

migrations_missing() {
    local file name number hash known
    for file in "$TOP/db/$1/migrations/"[0-9][0-9][0-9][0-9]_*.sql; do
        [[ -f $file ]] || continue
        name=${file##*/}
        name=${name%.sql}
        number=$((10#${name%%_*}))
        hash=$(sha256sum "$file")
        hash=${hash%% *}
        known=$(sed -n "s/^$number|//p" <<<"$2")
        if [[ -z $known ]]; then
            migration_apply "$1" "$file" "$number" "$hash"
        elif [[ $known != "$hash" ]]; then
            die "migration $name of $1 was changed after it was applied" "put the file back and write a new migration"
        fi
    done
}

# The schema changes under traffic: rather than hold everyone back behind a lock it gives up, and can be run again.
migration_apply() {
    local name
    name=$(basename "$2" .sql)
    say "database $1: migration $name"
    {
        printf "SET LOCAL lock_timeout = '5s'; SET LOCAL client_min_messages = warning; SET LOCAL ROLE %s_dono;\n" "$1"
        cat "$2"
        printf "\nINSERT INTO migracoes (numero, nome, sha256) VALUES (%d, '%s', '%s');\n" "$3" "$name" "$4"
    } | psql_as_dono "$(cluster_of "$1")" "$1" --single-transaction >/dev/null ||
        die "migration $name of $1 failed and left nothing behind; PostgreSQL's reason is above"
}

# The first stock goes into an empty shop only.
seed_first() {
    [[ $(psql_as_dono "$(catalogue_primary)" catalogo -c 'SELECT EXISTS (SELECT FROM produtos)') == f ]] || return 0
    say "putting the first stock on the shelves"
    { cat "$TOP/db/catalogo/seed.sql" && seed_pictures; } | catalogue_script /dev/stdin >/dev/null
}

# The SQL that gives the first stock's products their drawings, db/catalogo/fotos/NN-name.svg.
seed_pictures() {
    local file name
    cat "$TOP/db/catalogo/fotos.sql"
    for file in "$TOP"/db/catalogo/fotos/[0-9][0-9]-*.svg; do
        name=$(basename "$file" .svg)
        printf "SELECT pg_temp.desenho(%d, '%s', '%s');\n" "$((10#${name%%-*}))" "${name#*-}" "$(base64 -w 0 "$file")"
    done
}

# catalogue_script FILE [PSQL OPTIONS]: as the owner of the catalogue, all or nothing.
catalogue_script() {
    local file=$1
    shift
    { printf 'SET ROLE catalogo_dono;\n' && cat "$file"; } | psql_as_dono "$(catalogue_primary)" catalogo --single-transaction "$@"
}
