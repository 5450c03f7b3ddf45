# Making, recognising and laying out a state directory.
# shellcheck shell=bash

STATE_FORMAT=1
SOCKET_PATH_MAX=107
LONGEST_SOCKET=/supervisor.sock.4194304

short_name() {
    printf '%s' "$1" | sha256sum | cut -c1-10
}

# The user that servers run as: one of their own for root.
state_user() {
    ! is_root || service_user_made 7</etc
    owner_named
}

# One command at a time: useradd writes the user first, its group later.
service_user_made() {
    flock 7
    getent passwd "$SERVICE_USER" >/dev/null && return
    say "creating the system user $SERVICE_USER"
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$SERVICE_USER"
}

# The deepest directory of a path that is there already.
existing_part() {
    local dir=$1
    until [[ -e $dir ]]; do dir=$(dirname "$dir"); done
    printf '%s' "$dir"
}

reachable_by_servers() {
    setpriv --reuid "$OWNER" --regid "$GROUP" --init-groups test -x "$(existing_part "$1")"
}

# Servers that dropped root cannot enter a directory below a private one such as /root: the state goes to /var/lib,
# and the name that was asked for becomes a link to it.
state_place() {
    is_root || return 0
    [[ ! -e $STATE || -d $STATE ]] || return 0
    reachable_by_servers "$STATE" && return
    local place
    place=/var/lib/confeitaria-$(short_name "$STATE_GIVEN")
    if [[ -e $STATE_GIVEN || -L $STATE_GIVEN ]] && [[ $(readlink "$STATE_GIVEN") != "$place" ]]; then
        rmdir "$STATE_GIVEN" 2>/dev/null ||
            die "the user $SERVICE_USER, which the servers run as, cannot reach $STATE_GIVEN" \
                "give a --state DIR whose parents others may enter (chmod o+x), or move this one away"
    fi
    say "servers cannot enter $(existing_part "$(dirname "$STATE_GIVEN")"): the state is in $place, $STATE_GIVEN links to it"
    mkdir -p "$(dirname "$STATE_GIVEN")" "$place"
    ln -sfn "$place" "$STATE_GIVEN"
    state_paths "$place"
}

# A new directory becomes ours; one of ours is taken; any other is refused.
state_claim() {
    if [[ -e $STATE && ! -d $STATE ]]; then
        die "$STATE is not a directory" "give another one with --state DIR"
    fi
    if [[ -f $STATE/.confeitaria ]]; then
        local format owner_name
        format=$(sed -n 's/^format //p' "$STATE/.confeitaria")
        [[ $format == "$STATE_FORMAT" ]] ||
            die "$STATE was made by another version (format ${format:-unknown}, this one knows $STATE_FORMAT)" \
                "use that version, or scripts/up with another --state DIR"
        owner_name=$(stat -c %U "$STATE")
        [[ $owner_name == "$(id -un)" ]] ||
            die "the state in $STATE belongs to $owner_name, and this is $(id -un)" "run this as $owner_name"
        return
    fi
    if [[ -d $STATE && -n $(ls -A "$STATE") ]]; then
        die "$STATE holds something else, not a state of this system" \
            "give an empty or new directory with --state DIR, or move this one away"
    fi
    mkdir -p "$STATE" 2>/dev/null || die "cannot make the directory $STATE" "give another one with --state DIR"
    [[ -w $STATE ]] || die "cannot write into $STATE" "give another directory with --state DIR"
    state_mark
}

# From here on the directory is a state.
state_mark() {
    printf 'format %s\nid %s\n' "$STATE_FORMAT" "$(random_hex)" >"$STATE/.confeitaria"
}

# space_needed MEGABYTES DIR OPTION: on the disk where DIR is or will be; the option is what names another one.
space_needed() {
    local needed=$1 free
    free=$(df -k --output=avail "$(existing_part "$2")" | tail -n 1)
    ((free >= needed * 1024)) ||
        die "the disk of $2 has $((free / 1024)) MB left, and $needed MB are needed" \
            "make room, or give a directory on another disk with $3 DIR"
}

# Who may do what: the commands' user owns all, servers write only below data, run and in their own log files.
state_layout() {
    local run=$STATE/run
    chmod 0755 "$STATE"
    install -d -m 0755 "$DATA" "$BIN" "$STATE/tmp"
    install -d -m 0750 -o "$EUID" -g "$GROUP" "$ETC" "$ETC/nginx" "$LOG"
    install -d -m 0700 -o "$OWNER" -g "$GROUP" "$SECRETS"
    if ((${#run} + ${#LONGEST_SOCKET} > SOCKET_PATH_MAX)); then
        state_short_run "$run"
    elif [[ -L $run ]]; then
        rm -f "$run"
    fi
    state_paths "$STATE"
    install -d -m 1770 -o "$EUID" -g "$GROUP" "$RUN"
}

# Unix socket paths end at 107 bytes: a deep state has its sockets in a short directory.
state_short_run() {
    local short=/tmp
    ! is_root || short=/run
    short+=/confeitaria-$EUID-$(short_name "$STATE")
    mkdir -m 0700 "$short" 2>/dev/null || [[ -d $short && ! -L $short && -O $short ]] ||
        die "$short is in the way and is not ours" "remove it, or give a shorter --state DIR"
    say "the path is too long for sockets: they are in $short"
    ln -sfn "$short" "$1"
}

# The operator's own file: written once, then only the lines that an option changes.
state_settings() {
    [[ -f $ETC/confeitaria.conf ]] && return
    put "$ETC/confeitaria.conf" 0640 "$EUID" <<'CONF'
# Yours: scripts/up reads it and changes only the lines of the options that you give it.
# Origins whose pages may call the API: * or a list with spaces, e.g. https://loja.example https://gestao.example
cors_origens = *
# Proxies in front of this, whose X-Forwarded-For says who the client is: addresses with spaces, e.g. 127.0.0.1 10.0.0.0/8
# proxies =
# What one address may ask, in requests a second (ten seconds' worth may come at once), and how many at the same time.
# limite_leituras = 200
# limite_buscas = 20
# limite_escritas = 50
# limite_sessoes = 10
# limite_pedidos = 10
# limite_arquivos = 500
# limite_conexoes = 100
# How many carts and orders of one address in 24 hours.
# limite_sessoes_dia = 10000
# limite_pedidos_dia = 3000
# What a pool may have in work and waiting.
# limite_fila = 128
# What Redis may hold, in MiB: carts and events.
# redis_memoria_mb = 256
# How large a log may become, in KiB, before it is rotated; four older ones are kept.
# limite_log_kib = 32768
# Seconds that a request may take; what the workers wait for the stores is a part of it. More for a slow machine.
# prazo_segundos = 4
# Whose days the dates of deliveries and of lists mean, a name in /usr/share/zoneinfo.
# fuso_horario = America/Sao_Paulo
# What the pages say of the shop: its name, where and when it is to be found, and the address that others link to.
# loja_nome = Confeitaria
# loja_telefone = (11) 5555-0123
# loja_endereco = Rua das Amoras, 100 - São Paulo
# loja_dias = ter qua qui sex sab dom
# loja_horario = 9-18
# loja_url = https://loja.example
CONF
}

remember() {
    { sed "/^[[:space:]]*$1[[:space:]]*=/d" "$ETC/confeitaria.conf" && printf '%s = %s\n' "$1" "$2"; } |
        put "$ETC/confeitaria.conf" 0640 "$EUID"
}

state_purge() {
    local short
    if [[ -L $STATE/run ]]; then
        short=$(readlink "$STATE/run")
        [[ $short != */confeitaria-* ]] || rm -rf -- "$short"
    fi
    rm -rf -- "$STATE"
    [[ ! -L $STATE_GIVEN ]] || rm -f -- "$STATE_GIVEN"
}
