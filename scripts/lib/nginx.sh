# nginx: rendering its configuration from nginx/*.in, its static root, its ports.
# shellcheck shell=bash

NGINX_WORKERS=2
declare -A DIRECT_OFFSET=([catalogo]=1 [catalogo-replica]=11 [carrinho]=2 [pedidos]=3)
declare -A DIRECT_UPSTREAM=([catalogo]=catalogo_escrita [catalogo-replica]=catalogo_replica [carrinho]=carrinho [pedidos]=pedidos)

# render TEMPLATE [NAME=VALUE...]: the text with each @NAME@ replaced; a name without a value is an error.
render() {
    local template=$1 text pair
    shift
    text=$(<"$template")
    for pair in "ETC=$ETC/nginx" "RUN=$RUN" "LOG=$LOG" "HTML=$HTML" "TMP=$STATE/tmp/nginx" "CACHE=$CACHE" "$@"; do
        text=${text//"@${pair%%=*}@"/"${pair#*=}"}
    done
    [[ ! $text =~ @[A-Z]+@ ]] || die "$template has ${BASH_REMATCH[0]}, which nobody replaced"
    printf '%s\n' "$text"
}

nginx_configure() {
    local port=$1 base=$2 reach=$3 user='' vary=Accept-Encoding origins name
    ! is_root || user="user $SERVICE_USER $SERVICE_USER;"
    origins=$(nginx_origins "$(setting_own cors_origens)")
    [[ $origins == *'default "*"'* ]] || vary+=', Origin'
    install -d -m 0700 -o "$OWNER" -g "$GROUP" "$STATE/tmp/nginx"
    render "$TOP/nginx/nginx.conf.in" "USER=$user" "PROCESSOS=$NGINX_WORKERS" \
        "PRAZOFIM=$(($(setting_own prazo_segundos) * 1500))" | put_config "$ETC/nginx/nginx.conf"
    render "$TOP/nginx/origem.conf.in" "ORIGINS=$origins" "VARY=$vary" | put_config "$ETC/nginx/origem.conf"
    render "$TOP/nginx/rotas.conf.in" "LISTEN=$(nginx_listen "$port" "$reach")" | put_config "$ETC/nginx/rotas.conf"
    nginx_direct_ports "$base" | put_config "$ETC/nginx/portas.conf"
    awk -v etc="$ETC/nginx" -f "$TOP/nginx/problemas.awk" "$TOP/fcgi/core/problems.def" | put_config "$ETC/nginx/problemas.conf"
    awk -f "$TOP/nginx/metodos.awk" "$TOP"/fcgi/*/main.c | put_config "$ETC/nginx/metodos.conf"
    nginx_limits | put_config "$ETC/nginx/limites.conf"
    render "$TOP/nginx/pools.conf.in" "PRAZODOIS=$(($(setting_own prazo_segundos) * 1125))" "FILA=$((($(setting_own limite_fila) + NGINX_WORKERS - 1) / NGINX_WORKERS))" | put_config "$ETC/nginx/pools.conf"
    for name in logs cabecalhos cache cache-leitura fastcgi saude saude-guarda saude-erros interno; do
        render "$TOP/nginx/$name.conf.in" | put_config "$ETC/nginx/$name.conf"
    done
    install -m 0755 "$TOP/scripts/lib/nginx-inicia" "$BIN/nginx-inicia"
}

# The lines of the map from an origin to what it is told.
nginx_origins() {
    local origin
    if [[ $1 == '*' ]]; then
        printf '    default "*";'
        return
    fi
    printf '    default "";'
    for origin in $1; do
        printf '\n    "%s" "%s";' "$origin" "$origin"
    done
}

# A rate's burst is ten seconds of it.
nginx_limits() {
    local proxy proxies='' rate rates=() value
    for proxy in $(setting_own proxies); do proxies+="set_real_ip_from $proxy;"$'\n'; done
    for rate in leituras escritas sessoes pedidos; do
        value=$(setting_own "limite_$rate")
        rates+=("${rate^^}=$value" "RAJADA${rate^^}=$((value * 10))")
    done
    render "$TOP/nginx/limites.conf.in" "PROXIES=${proxies:-# None.}" "CONEXOES=$(setting_own limite_conexoes)" \
        "PRAZO=$(setting_own prazo_segundos)" "PRAZOLIGAR=$(($(setting_own prazo_segundos) * 250))" "${rates[@]}"
}

has_ipv6() {
    [[ -s /proc/net/if_inet6 ]]
}

# nginx_listen PORT REACH: nothing beyond loopback unless it was asked for.
nginx_listen() {
    local v4=127.0.0.1 v6=::1
    [[ $2 != public ]] || v4=0.0.0.0 v6=::
    printf '    listen %s:%s default_server backlog=511;' "$v4" "$1"
    ! has_ipv6 || printf '\n    listen [%s]:%s default_server ipv6only=on backlog=511;' "$v6" "$1"
}

nginx_direct_ports() {
    local pool
    if [[ $1 == 0 ]]; then
        printf '# No direct ports.\n'
        return
    fi
    for pool in "${POOLS[@]}"; do
        render "$TOP/nginx/porta.conf.in" "SERVICE=$pool" "PORT=$(($1 + DIRECT_OFFSET["$pool"]))" "POOL=${DIRECT_UPSTREAM[$pool]}" \
            "SAUDE=${pool//-/_}_interno"
    done
}

# The static root: a copy where nginx's workers can read it, with a page for each problem.
nginx_static() {
    rm -rf "$HTML.novo"
    mkdir -m 0755 "$HTML.novo"
    cp -r "$TOP/nginx/html/." "$HTML.novo/"
    mkdir -p "$HTML.novo/erros"
    awk -v model="$TOP/nginx/erro.html.in" -v out="$HTML.novo/erros" -f "$TOP/nginx/erros.awk" "$TOP/fcgi/core/problems.def"
    chmod -R u=rwX,go=rX "$HTML.novo"
    rm -rf "$HTML"
    mv -T "$HTML.novo" "$HTML"
}

nginx_check() {
    local output
    output=$(cd / && /usr/sbin/nginx -q -t -e "$LOG/nginx.log" -c "$ETC/nginx/nginx.conf" 2>&1) ||
        die "nginx refuses its configuration in $ETC/nginx:" "${output:-see $LOG/nginx.log}"
}

# ports_refused ADDRESS PORT...: says which cannot be had and why; succeeds if there is one.
ports_refused() {
    ! "$PYTHON" "$TOP/scripts/lib/ports.py" "$@"
}
