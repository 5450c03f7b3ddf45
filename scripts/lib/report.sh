# How the parts are, as facts `part<TAB>field<TAB>value`; the views of scripts/status are made from them.
# shellcheck shell=bash

fact() {
    printf '%s\t%s\t%s\n' "$@"
}

report() {
    local processes cluster role
    if ! supervisor_running || ! processes=$(supervisor state); then
        fact system status stopped
        return
    fi
    fact supervisor status running
    fact supervisor pid "$(supervisor_pid)"
    report_nginx "$processes"
    report_pools "$processes"
    for cluster in pg-catalogo pg-replica; do
        if [[ $cluster == "$(catalogue_primary)" ]]; then role=primary; else role=standby; fi
        report_postgres "$cluster" "$role" "$processes"
    done
    report_postgres pg-pedidos primary "$processes"
    report_redis "$processes"
    report_process vigia "$processes"
    report_conciliador "$processes"
    report_process zelador "$processes"
    report_health
}

# report_process PART PROCESSES: whether it runs, and its process id.
report_process() {
    local state=missing pid=0
    read -r state pid < <(awk -v name="$1" '$1 == name { print $2, $3 }' <<<"$2") || true
    if [[ $state == RUNNING ]]; then fact "$1" status running; else fact "$1" status "${state,,}"; fi
    fact "$1" pid "$pid"
}

report_nginx() {
    report_process nginx "$1"
    fact nginx port "$(setting port 80)"
    fact nginx version "$(/usr/sbin/nginx -v 2>&1 | sed 's|.*/||; s/ .*//')"
}

report_pools() {
    local pool pids running
    for pool in "${POOLS[@]}"; do
        pids=$(awk -v pool="$pool:" 'index($1, pool) == 1 && $2 == "RUNNING" { print $3 }' <<<"$1" | paste -sd , -)
        running=$(awk -F , '{ print NF }' <<<"$pids")
        [[ -n $pids ]] || running=0
        if [[ $running == "${POOL_SIZE[$pool]}" ]]; then fact "$pool" status running; else fact "$pool" status short; fi
        fact "$pool" workers "$running"
        fact "$pool" declared "${POOL_SIZE[$pool]}"
        fact "$pool" pids "${pids:-none}"
    done
}

# What the server itself says it is, which is not always what it was meant to be.
report_postgres() {
    local role='' version='' refuses='' link=''
    IFS='|' read -r role version refuses < <(PSQL_SECONDS=$(request_seconds) psql_as_dono "$1" postgres -c "
        SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END, current_setting('server_version_num')::int / 10000
            || '.' || current_setting('server_version_num')::int % 10000, current_setting('transaction_read_only')" 2>/dev/null) || true
    [[ $2 != standby ]] || link=$(replication)
    if [[ -z $role ]]; then
        fact "$1" status "no answer"
    elif [[ $role != "$2" ]]; then
        fact "$1" status "not a $2"
    elif [[ $2 == primary && $refuses == on ]]; then
        fact "$1" status "refuses writes"
    elif [[ $2 == standby && $link != streaming* ]]; then
        fact "$1" status "not following"
    else
        report_process "$1" "$3"
    fi
    fact "$1" role "${role:-unknown}"
    fact "$1" version "${version:-unknown}"
    [[ $2 != standby ]] || report_replication "$1" "$link"
}

# Asked of the primary: a standby that lost it cannot know how far behind it is.
replication() {
    PSQL_SECONDS=$(request_seconds) psql_as_dono "$(catalogue_primary)" postgres -c "
        SELECT state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint,
               round(extract(epoch FROM coalesce(replay_lag, '0')), 3)
        FROM pg_stat_replication WHERE application_name = 'replica'" 2>/dev/null || true
}

report_replication() {
    local state='' bytes='' seconds=''
    IFS='|' read -r state bytes seconds <<<"$2"
    fact "$1" replication "${state:-none}"
    [[ -z $bytes ]] || fact "$1" lag_bytes "$bytes"
    [[ -z $seconds ]] || fact "$1" lag_seconds "$seconds"
}

# How many keys are no cart: the stream of events, once there was one.
stream_keys() {
    REDIS_SECONDS=$(request_seconds) redis_cli exists pedidos:eventos 2>/dev/null | grep . || echo 0
}

report_redis() {
    local info written
    info=$(REDIS_SECONDS=$(request_seconds) redis_cli info 2>/dev/null | tr -d '\r') || true
    written=$(REDIS_SECONDS=$(request_seconds) redis_cli eval "$(<"$TOP/db/carrinho/saude.lua")" 1 carrinho:saude 2>/dev/null) || true
    if [[ $info != *redis_version* ]]; then
        fact redis status "no answer"
    elif [[ $written != 1 ]]; then
        fact redis status "refuses writes"
    else
        report_process redis "$1"
    fi
    fact redis version "$(sed -n 's/^redis_version://p' <<<"$info")"
    fact redis role "$(sed -n 's/^role://p' <<<"$info")"
    fact redis carts "$(($(sed -n 's/^db0:keys=\([0-9]*\),.*/\1/p' <<<"$info" | grep . || echo 0) - $(stream_keys)))"
    fact redis memory_bytes "$(sed -n 's/^used_memory://p' <<<"$info")"
    fact redis memory_max_bytes "$(sed -n 's/^maxmemory://p' <<<"$info")"
    fact redis last_write "$(sed -n 's/^aof_last_write_status://p' <<<"$info")"
}

# STREAM_KEPT of conciliador.c: the stream of events is longer only while a consumer group has not read it.
STREAM_KEPT=100000

# What it mended since the shop opened, and what it has not yet; late when it has not looked for a while.
report_conciliador() {
    local seconds='' ended='' undone='' settled='' oldest='' unpublished='' parked='' reservations='' entries status=running
    IFS='|' read -r seconds ended undone settled oldest unpublished parked reservations < <(PSQL_SECONDS=$(request_seconds) psql_as_dono pg-pedidos pedidos -c "
        SELECT round(extract(epoch FROM now() - olhou_em)), concluidos, desfeitos, reservas,
               (SELECT round(coalesce(extract(epoch FROM now() - min(criado_em)), 0)) FROM pedidos
                WHERE (status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL) AND parado_em IS NULL),
               (SELECT count(*) FROM eventos WHERE publicado_em IS NULL),
               (SELECT count(*) FROM pedidos WHERE parado_em IS NOT NULL),
               (SELECT count(*) FROM reservas_paradas WHERE parado_em IS NOT NULL)
        FROM conciliacao" 2>/dev/null) || true
    entries=$(REDIS_SECONDS=$(request_seconds) redis_cli xlen pedidos:eventos 2>/dev/null) || true
    local running
    running=$(awk 'index($1, "conciliador:") == 1 && $2 == "RUNNING"' <<<"$1" | wc -l)
    if ((running == 0)); then
        status=stopped
    elif [[ -z $seconds ]]; then
        status="no answer"
    elif ((seconds > 30)); then
        status=late
    elif [[ $entries =~ ^[0-9]+$ ]] && ((entries > STREAM_KEPT)); then
        status="consumer behind"
    fi
    fact conciliador status "$status"
    fact conciliador processes "$running"
    [[ -n $seconds ]] || return 0
    fact conciliador looked_seconds "$seconds"
    fact conciliador orders_ended "$ended"
    fact conciliador orders_undone "$undone"
    fact conciliador reservations_settled "$settled"
    fact conciliador oldest_unfinished_seconds "$oldest"
    fact conciliador events_unpublished "$unpublished"
    fact conciliador orders_parked "$parked"
    fact conciliador reservations_parked "$reservations"
    [[ ! $entries =~ ^[0-9]+$ ]] || fact conciliador stream_entries "$entries"
}

report_health() {
    local answer
    answer=$(curl -s --max-time "$(request_seconds)" "http://127.0.0.1:$(setting port 80)/health" | grep -o '"status": *"[a-z]*"' | head -n 1) || true
    answer=${answer%\"}
    answer=${answer##*\"}
    [[ $answer != healthy ]] || answer=running
    fact health status "${answer:-no answer}"
}

# The views. Both end with 0 when every part runs, 1 when one does not, 3 when nothing does.
report_table() {
    awk -F '\t' '
        $1 != part { if (part != "") print line; part = $1; line = sprintf("%-17s", part) }
        { line = line ($2 == "status" ? sprintf("%-14s", $3) : "  " $2 "=" $3) }
        $2 == "status" && $3 != "running" { bad = $1 == "system" ? 3 : 1 }
        END { print line; exit bad }'
}

report_json() {
    awk -F '\t' '
        function value(text) { return text ~ /^-?[0-9]+(\.[0-9]+)?$/ && text !~ /^0[0-9]/ ? text : "\"" text "\"" }
        $1 != part { out = out (part == "" ? "" : "},") "\"" $1 "\":{"; part = $1; separator = "" }
        { out = out separator "\"" $2 "\":" ($2 == "version" ? "\"" $3 "\"" : value($3)); separator = "," }
        $2 == "status" && $3 != "running" { bad = $1 == "system" ? 3 : 1 }
        END { printf "{\"healthy\":%s,\"parts\":{%s}}}\n", bad ? "false" : "true", out; exit bad }'
}
