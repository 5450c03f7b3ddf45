# Starting and stopping a whole system, part by part.
# shellcheck shell=bash

# Clusters that are not there yet are made side by side.
system_init_stores() {
    local cluster primary pids=() pid failed=
    primary=$(catalogue_primary)
    if [[ ! -d $DATA/$primary ]] && standby_made; then
        die "the data of the primary, $primary, are gone, and those of its standby are there" \
            "put $DATA/$primary back, or make the standby the primary: scripts/promote$(state_option) --force"
    fi
    for cluster in "$primary" pg-pedidos; do
        postgres_init "$cluster" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
    [[ -z $failed ]] || exit 1
}

system_start_stores() {
    local primary stores
    primary=$(catalogue_primary)
    stores=("$primary" pg-pedidos redis)
    ! standby_made || stores+=("$(catalogue_standby)")
    supervisor start "${stores[@]}"
    store_wait "$primary" postgres_ready "$primary"
    primary_become "$primary"
    store_wait pg-pedidos postgres_ready pg-pedidos
    store_wait redis redis_ready
}

store_wait() {
    local store=$1
    shift
    wait_for "$WAIT_SECONDS" "$@" || die "$store did not start within $WAIT_SECONDS seconds; the end of $LOG/$store.log:" "$(tail -n 5 "$LOG/$store.log")"
}

system_start_standby() {
    local standby
    standby=$(catalogue_standby)
    if standby_lost; then
        say "the standby fell behind further than the primary keeps: making another"
        supervisor stop "$standby"
        rm -rf -- "${DATA:?}/$standby"
    fi
    [[ -d $DATA/$standby ]] || standby_copy
    if standby_made; then
        standby_start
    else
        warn "there is no standby: $standby was the primary and stays stopped; scripts/standby$(state_option) makes it the standby"
    fi
}

system_start_front() {
    local names=() pool worker
    for pool in "${POOLS[@]}"; do
        while read -r worker; do names+=("$worker"); done < <(pool_workers "$pool" 0 "${POOL_SIZE[$pool]}")
    done
    supervisor start "${names[@]}" vigia "${CONCILIADORES[@]}" nginx zelador
}

front_answers() {
    [[ $(curl -s -o "$STATE/tmp/saude.json" -w '%{http_code}' --max-time "$(request_seconds)" "http://127.0.0.1:$1/health") == 200 ]] &&
        ! grep -q '"unhealthy"' "$STATE/tmp/saude.json"
}

# ask PORT PATH [JSON]: GET, or POST of a JSON body; the body of the answer, then a line with its status. The address goes by standard
# input: it may hold a key, which a process list must not show.
ask() {
    {
        printf 'url = "http://127.0.0.1:%s%s"\n' "$1" "$2"
        [[ $# == 2 ]] || printf 'header = "Content-Type: application/json"\ndata = "%s"\n' "${3//\"/\\\"}"
    } | curl -s -K - -w '\n%{http_code}\n' --max-time "$(request_seconds)"
}

# Whether a customer can begin: opens a cart and puts a product into it. In an empty shop it is enough to hear that there is none.
cart_filled() {
    local session product answer
    session=$(ask "$1" /api/carrinho/sessao '{}' | sed -n 's/.*"session_id":"\([0-9a-f-]*\)".*/\1/p')
    product=$(ask "$1" '/api/produtos?em_estoque=true&limite=1' | sed -n 's/.*"data":\[{"id":\([0-9]*\),.*/\1/p')
    answer=$(ask "$1" "/api/carrinho/$session/adicionar" "{\"produto_id\": ${product:-1}}")
    printf 'DEL carrinho:%s\n' "$session" | redis_cli >/dev/null
    printf '%s\n' "$answer" >"$STATE/tmp/saude.json"
    [[ ${answer##*$'\n'} == 200 || (-z $product && $answer == *'"produto_nao_encontrado"'*) ]]
}

# Healthy, by /health and by a customer's experience.
system_wait_healthy() {
    wait_for "$WAIT_SECONDS" front_answers "$1" && wait_for "$WAIT_SECONDS" cart_filled "$1" && return
    warn "the system did not become healthy within $WAIT_SECONDS seconds. What it answers, and the ends of the logs:"
    { cat "$STATE/tmp/saude.json" && echo && tail -n 3 "$LOG"/*.log; } >&2 2>/dev/null || true
    exit 1
}

# nginx first, so that nobody is refused by a part that went before; then the workers; then the stores. All of a kind together:
# supervisord by itself takes one after the other, a second each.
system_stop() {
    local pid
    if pid=$(supervisor_pid); then
        # A refusal to stop a part in time is no reason to leave the rest: that is supervisord's then.
        system_stop_kinds || true
        supervisor shutdown || kill -TERM "$pid" 2>/dev/null || true
        wait_for "$WAIT_SECONDS" supervisor_gone "$pid" || { warn "supervisord ($pid) does not end: killing it" && kill -KILL "$pid"; }
    fi
    processes_end
}

system_stop_kinds() {
    supervisor stop zelador nginx && system_stop_all_but pg-catalogo pg-replica pg-pedidos redis && system_stop_all_but
}

# system_stop_all_but NAME...: stops what has not stopped, except these.
system_stop_all_but() {
    local states names
    states=$(supervisor state) || return 1
    mapfile -t names < <(awk -v but=" $* " '$2 != "STOPPED" && !index(but, " " $1 " ") { print $1 }' <<<"$states")
    ((${#names[@]} == 0)) || supervisor stop "${names[@]}"
}

supervisor_gone() {
    [[ ! -d /proc/$1 || $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == Z* ]]
}

# What a supervisord that was killed left behind: PostgreSQL by its fast shutdown, then whatever still is.
processes_end() {
    local left pid program
    left=$(processes_left)
    [[ -n $left ]] || return 0
    say "stopping what runs without a supervisor: $(processes_counted <<<"$left")"
    while read -r pid program; do
        case $program in
        postgres) [[ ! -e /proc/$pid ]] || ! postmaster "$pid" || kill -INT "$pid" 2>/dev/null || true ;;
        *) kill -TERM "$pid" 2>/dev/null || true ;;
        esac
    done <<<"$left"
    wait_for 60 none_left || processes_kill
}

postmaster() {
    grep -qsx "$1" "$DATA"/*/postmaster.pid
}

processes_kill() {
    local pid program
    while read -r pid program; do
        warn "killing $program ($pid)"
        kill -KILL "$pid" 2>/dev/null || true
    done < <(processes_left)
    wait_for "$WAIT_SECONDS" none_left || die "some processes of $STATE cannot be ended:" "$(processes_left)"
}
