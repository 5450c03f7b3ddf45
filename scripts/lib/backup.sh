# Backups: what is in one, and whether it is whole.
#   <cluster>/base        a base backup with its own manifest; <cluster>/wal: the log from there to the moment of the backup;
#                         pg-catalogo is the catalogue's primary, whichever of the pair that was
#   redis/dump.rdb        the carts and the stream of events
#   etc                   configuration, tokens, secrets
#   manifest              versions, the moment of each cluster, the checksum of every other file; written last
# shellcheck shell=bash

BACKUP_FORMAT=1
BACKUP_CLUSTERS=(pg-catalogo pg-pedidos)

# What the manifest says of a name; of `moment` there is one a cluster.
manifest_value() {
    sed -n "s/^$2 //p" "$1/manifest"
}

# manifest_make DIR MOMENT < : the whole text. Files of a base backup are in that one's manifest, which is one of the files here.
manifest_make() {
    local head
    head=$(
        printf 'format %s\nmade %s\npostgres %s\nmoment %s\n' "$BACKUP_FORMAT" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
            "$PG_VERSION" "$2"
        cd "$1" || exit
        find . -path './*/base/*' ! -name backup_manifest -prune -o -type f ! -path ./manifest -print0 | sort -z |
            xargs -0 sha256sum | sed 's/^/file /'
    )
    printf '%s\nend %s\n' "$head" "$(sha256sum <<<"$head" | cut -d ' ' -f 1)"
}

# Ends the command, having said what is wrong, unless DIR is a whole backup that this version can restore.
backup_verify() {
    [[ -d $1 ]] || die "there is no directory $1"
    [[ -r $1 && -x $1 ]] || die "no permission to read $1" "run this as $(stat -c %U "$1") or as root"
    [[ -f $1/manifest ]] || die "$1 is no backup, or one that was not finished: it has no manifest"
    backup_verify_version "$1"
    backup_verify_files "$1"
    backup_verify_stores "$1"
}

backup_verify_version() {
    local format postgres
    format=$(manifest_value "$1" format)
    [[ $format == "$BACKUP_FORMAT" ]] ||
        die "$1 was made by another version (format ${format:-unknown}, this one knows $BACKUP_FORMAT)" "use that version"
    postgres=$(manifest_value "$1" postgres)
    [[ $postgres == "$PG_VERSION" ]] ||
        die "$1 was made with PostgreSQL $postgres, and this runs $PG_VERSION" "restore it where PostgreSQL $postgres is installed"
}

backup_verify_files() {
    local wrong
    [[ $(manifest_value "$1" end) == "$(sed '/^end /d' "$1/manifest" | sha256sum | cut -d ' ' -f 1)" ]] ||
        die "the backup in $1 is damaged: its manifest is not as it was written"
    wrong=$(find "$1" ! -type f ! -type d -print -quit)
    [[ -z $wrong ]] || die "the backup in $1 is damaged: $wrong is neither a file nor a directory"
    wrong=$(cd "$1" && manifest_value . file | sha256sum --check --quiet --strict 2>&1) ||
        die "the backup in $1 is damaged:" "$wrong"
}

backup_verify_stores() {
    local cluster wrong
    for cluster in "${BACKUP_CLUSTERS[@]}"; do
        wrong=$("$PG_BIN/pg_verifybackup" --quiet "$1/$cluster/base" 2>&1) || die "the backup in $1 is damaged:" "$wrong"
    done
    wrong=$(redis-check-rdb "$1/redis/dump.rdb" 2>&1) ||
        die "Redis cannot read $1/redis/dump.rdb:" "$(tail -n 3 <<<"$wrong")"
}
