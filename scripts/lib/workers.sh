# The FastCGI pools, the vigia and the conciliador: their configuration files and how many workers each is to have.
# shellcheck shell=bash

declare -A POOL_PROGRAM=([catalogo]=catalogo [catalogo-busca]=catalogo [catalogo-replica]=catalogo [carrinho]=carrinho [pedidos]=pedidos [saude]=saude)
declare -A POOL_SIZE=([catalogo]=4 [catalogo-busca]=2 [catalogo-replica]=2 [carrinho]=4 [pedidos]=4 [saude]=2)

workers_configure() {
    install -d -m 0700 -o "$OWNER" -g "$GROUP" "$(token_uses)"
    worker_common catalogo "$(worker_postgres "$(catalogue_pair primary)" catalogo catalogo)" "versao = $CACHE"
    worker_common catalogo-busca "$(worker_postgres "$(catalogue_pair primary)" catalogo catalogo_leitura)"
    worker_common vigia "$(worker_postgres "$(catalogue_pair primary)" catalogo catalogo)" "versao = $CACHE" "intervalo_ms = 200"
    worker_common catalogo-replica "$(worker_postgres "$(catalogue_pair prefer-standby)" catalogo catalogo_leitura)" "somente_leitura = sim"
    worker_common carrinho "redis = unix:$RUN/redis.sock" "redis_usuario = carrinho" "redis_senha = $SECRETS/redis_carrinho" \
        "interno = $RUN/interno.sock"
    worker_common pedidos "$(worker_postgres "host=$RUN port=${PG_PORT[pg-pedidos]}" pedidos pedidos)" \
        "interno = $RUN/interno.sock" "token = $SECRETS/pedidos.token" "fuso_horario = $(setting_own fuso_horario)"
    worker_common saude "interno = $RUN/interno.sock"
    worker_common conciliador "$(worker_postgres "host=$RUN port=${PG_PORT[pg-pedidos]}" pedidos conciliador)" \
        "redis = unix:$RUN/redis.sock" "redis_usuario = conciliador" "redis_senha = $SECRETS/redis_conciliador" \
        "interno = $RUN/interno.sock" "token = $SECRETS/conciliador.token" \
        "intervalo_ms = $(setting conciliador_intervalo_ms 500)" "anonimizar_dias = $(setting_own anonimizar_dias)" \
        "paciencia_ms = $(setting conciliador_paciencia_ms "$(conciliador_patience)")"
}

# Either of the two may be the primary, or become it while the workers run: each pool takes the one that is what it wants.
catalogue_pair() {
    printf 'host=%s,%s port=%s,%s target_session_attrs=%s' "$RUN" "$RUN" "${PG_PORT[pg-catalogo]}" "${PG_PORT[pg-replica]}" "$1"
}

worker_postgres() {
    printf 'postgres = %s dbname=%s user=%s application_name=%s' "$1" "$2" "$3" "$3"
}

# A request's deadline is nginx's; what a worker waits for within it is a part of that.
worker_deadlines() {
    local seconds
    seconds=$(setting_own prazo_segundos)
    printf 'prazo_sql_ms = %d\nprazo_redis_ms = %d\nprazo_interno_ms = %d\nprazo_saude_ms = %d\n' $((seconds * 375)) $((seconds * 250)) \
        $((seconds * 625)) $((seconds * 100))
}

# An order's worker may be at it for as long as nginx waits, and some seconds more.
conciliador_patience() {
    printf '%d' $(($(setting_own prazo_segundos) * 1000 + 6000))
}

# Workers append to their own log, in a directory where they may make no files: theirs is there before them.
worker_common() {
    local pool=$1
    shift
    printf '%s\n' "$@" "$(worker_deadlines)" "tokens = $ETC/tokens" "usos = $(token_uses)" "log = $LOG/$pool.log" "nivel = info" | put_config "$ETC/$pool.conf"
    [[ -f $LOG/$pool.log ]] || put "$LOG/$pool.log" 0640 "$OWNER" </dev/null
}

# Asks each program to prepare its statements: a build that does not fit the schema is found before it serves.
workers_check() {
    local name output
    for name in "${POOLS[@]}" vigia conciliador; do
        output=$(as_owner "$BIN/${POOL_PROGRAM[$name]:-$name}" -c "$ETC/$name.conf" --check 2>&1) ||
            die "the program $name refuses to work: ${output:-no reason given}" \
                "its settings are in $ETC/$name.conf, its log is $LOG/$name.log"
    done
}

# pool_named NAME: the pool's own name; replica is short for catalogo-replica.
pool_named() {
    local name=$1 pool
    [[ $name != replica ]] || name=catalogo-replica
    for pool in "${POOLS[@]}"; do
        [[ $pool != "$name" ]] || { printf '%s' "$name" && return; }
    done
    usage_error "there is no pool $1: they are ${POOLS[*]}"
}

pool_size_valid() {
    if [[ ! $1 =~ ^[1-9][0-9]?$ ]] || (($1 > POOL_MAX)); then
        usage_error "a pool has from 1 to $POOL_MAX workers, not $1"
    fi
}

pools_load() {
    local pool size
    [[ -f $ETC/pools ]] || return 0
    while read -r pool size; do
        [[ -z ${POOL_SIZE[$pool]:-} || ! $size =~ ^[0-9]+$ ]] || POOL_SIZE[$pool]=$size
    done <"$ETC/pools"
}

pools_save() {
    local pool
    for pool in "${POOLS[@]}"; do
        printf '%s %s\n' "$pool" "${POOL_SIZE[$pool]}"
    done | put "$ETC/pools" 0640 "$EUID"
}

# The supervised names of the workers FROM to TO (not included) of a pool.
pool_workers() {
    local number
    for ((number = $2; number < $3; number++)); do
        printf '%s:%s_%02d\n' "$1" "$1" "$number"
    done
}
