# supervisord keeps every process of the system: its configuration, and talking to it.
# shellcheck shell=bash

supervisor_configure() {
    logrotate_configure
    {
        supervisor_itself && supervisor_stores && supervisor_nginx && supervisor_pools && supervisor_vigia &&
            supervisor_conciliador && supervisor_zelador
    } | put_config "$ETC/supervisord.conf"
}

supervisor_itself() {
    cat <<CONF
[unix_http_server]
file=$SUPERVISOR_SOCKET
chmod=0700

[supervisord]
logfile=$LOG/supervisord.log
logfile_maxbytes=0
pidfile=$SUPERVISOR_PID
childlogdir=$LOG
directory=$STATE
umask=027
minfds=1024
$(! is_root || echo user=root)

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
CONF
}

# What every program has in common. What dies is started again at once; what dies within two seconds (startsecs) after 1 s, then 2, 3 and so
# on, for ever. One second is not enough: supervisord may notice a death only then, and take the program for one that ran.
# logrotate rotates all logs, so supervisord rotates none.
supervisor_program() {
    cat <<CONF

[$1:$2]
command=$3
autostart=false
autorestart=true
startsecs=2
startretries=1000000
redirect_stderr=true
stdout_logfile=$LOG/$4
stdout_logfile_maxbytes=0
CONF
}

# How long a part may take to end before it is killed: the request in hand, twice.
stop_seconds() {
    printf '%s' $((2 * $(request_seconds)))
}

supervisor_user() {
    ! is_root || printf 'user=%s\n' "$SERVICE_USER"
}

# INT is PostgreSQL's fast shutdown: open transactions are rolled back, nothing acknowledged is lost.
supervisor_stores() {
    local cluster
    for cluster in pg-catalogo pg-replica pg-pedidos; do
        supervisor_program program "$cluster" "$PG_BIN/postgres -c config_file=$ETC/$cluster.conf" "$cluster.log"
        printf 'stopsignal=INT\nstopwaitsecs=60\npriority=10\n'
        supervisor_user
    done
    supervisor_program program redis "/usr/bin/redis-server $ETC/redis.conf" redis.log
    printf 'stopsignal=TERM\nstopwaitsecs=60\npriority=10\n'
    supervisor_user
}

# The zone is for the times in health answers; QUIT lets requests end.
supervisor_nginx() {
    supervisor_program program nginx "$BIN/nginx-inicia $STATE/tmp/nginx $RUN/interno.sock $ETC/nginx/nginx.conf" nginx.stderr.log
    printf 'directory=%s\nenvironment=TZ="UTC"\nstopsignal=QUIT\nstopwaitsecs=%d\npriority=30\n' "$STATE/tmp/nginx" "$(stop_seconds)"
}

# Every worker that a pool may ever have is declared, so that its size changes without a restart of the others.
supervisor_pools() {
    local pool
    for pool in "${POOLS[@]}"; do
        supervisor_program fcgi-program "$pool" "$BIN/${POOL_PROGRAM[$pool]} -c $ETC/$pool.conf" "$pool.stderr.log"
        cat <<CONF
process_name=%(program_name)s_%(process_num)02d
numprocs=$POOL_MAX
socket=unix://$RUN/$pool.sock
socket_mode=0660
socket_backlog=512
stopsignal=TERM
stopwaitsecs=$(stop_seconds)
priority=20
$(supervisor_user)
$(! is_root || printf 'socket_owner=%s:%s' "$SERVICE_USER" "$SERVICE_USER")
CONF
    done
}

supervisor_vigia() {
    supervisor_program program vigia "$BIN/vigia -c $ETC/vigia.conf" vigia.stderr.log
    printf 'stopsignal=TERM\nstopwaitsecs=%d\npriority=25\n' "$(stop_seconds)"
    supervisor_user
}

# One works, one waits to take over.
CONCILIADORES=(conciliador:conciliador_00 conciliador:conciliador_01)

supervisor_conciliador() {
    supervisor_program program conciliador "$BIN/conciliador -c $ETC/conciliador.conf" conciliador.stderr.log
    cat <<CONF
process_name=%(program_name)s_%(process_num)02d
numprocs=${#CONCILIADORES[@]}
stopsignal=TERM
stopwaitsecs=$(stop_seconds)
priority=25
$(supervisor_user)
CONF
}

# Every log of the system, by its size alone. Each file is renamed and made again, by root where root is who runs this: the directory is closed to
# the servers. The workers notice by themselves, nginx and supervisord are told.
LOG_GENERATIONS=4

logrotate_configure() {
    put_config "$ETC/logrotate.conf" <<CONF
"$LOG/*.log" {
    size $(setting_own limite_log_kib)k
    rotate $LOG_GENERATIONS
    missingok
    notifempty
    create
    sharedscripts
    postrotate
        $PYTHON -B $BIN/supervisor.py $SUPERVISOR_SOCKET reopen
    endscript
}
CONF
}

# Looks whether each part's socket can still be found, restarts a part that lost its own, and runs logrotate. It starts processes and
# renames logs, so it is the only one of them that runs as supervisord does.
supervisor_zelador() {
    local pool sockets=("nginx=$RUN/interno.sock" "redis=$RUN/redis.sock") cluster
    for pool in "${POOLS[@]}"; do sockets+=("$pool=$RUN/$pool.sock"); done
    for cluster in "${!PG_PORT[@]}"; do sockets+=("$cluster=$RUN/.s.PGSQL.${PG_PORT[$cluster]}"); done
    install -m 0644 "$TOP/scripts/lib/zelador.py" "$TOP/scripts/lib/supervisor.py" "$BIN"
    supervisor_program program zelador "$PYTHON -B $BIN/zelador.py $SUPERVISOR_SOCKET $ETC/logrotate.conf $STATE/tmp/logrotate.status ${sockets[*]}" zelador.log
    printf 'stopsignal=TERM\nstopwaitsecs=%d\npriority=40\n' "$(stop_seconds)"
}

# supervisor COMMAND [NAME...]: one call, however many names.
supervisor() {
    "$PYTHON" "$TOP/scripts/lib/supervisor.py" "$SUPERVISOR_SOCKET" "$@"
}

# The process id of this state's supervisord, if it lives.
supervisor_pid() {
    local pid
    [[ -s $SUPERVISOR_PID ]] || return 1
    pid=$(<"$SUPERVISOR_PID")
    [[ $pid =~ ^[0-9]+$ ]] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$ETC/supervisord.conf" || return 1
    printf '%s' "$pid"
}

supervisor_running() {
    supervisor_pid >/dev/null
}

supervisor_answers() {
    [[ -S $SUPERVISOR_SOCKET ]] && supervisor ping >/dev/null 2>&1
}

supervisor_start() {
    rm -f "$SUPERVISOR_SOCKET"
    (
        cd "$STATE"
        exec 9>&-
        /usr/bin/supervisord -c "$ETC/supervisord.conf" >"$LOG/supervisord.out" 2>&1 </dev/null
    ) || die "supervisord did not start: $(tail -n 3 "$LOG/supervisord.out")"
    wait_for "$WAIT_SECONDS" supervisor_answers || die "supervisord does not answer on $SUPERVISOR_SOCKET" "see $LOG/supervisord.log"
}

# Processes of this state, whoever their parent is now.
processes_left() {
    "$PYTHON" "$TOP/scripts/lib/processes.py" "$STATE"
}

# "catalogo (4), nginx (3)", for people.
processes_counted() {
    awk '{ n[$2]++ } END { for (name in n) { printf "%s%s (%d)", sep, name, n[name]; sep = ", " } }'
}

none_left() {
    ! supervisor_running && [[ -z $(processes_left) ]]
}
