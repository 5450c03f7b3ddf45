# nginx: rendering its configuration from nginx/*.in, its static root, its ports.
# shellcheck shell=bash

NGINX_WORKERS=2
declare -A DIRECT_OFFSET=([catalogo]=1 [catalogo-replica]=11 [carrinho]=2 [pedidos]=3)
declare -A DIRECT_HEALTH=([catalogo]="/health catalogo_interno" [catalogo-replica]="/health catalogo_replica_interno"
    [carrinho]="/saude/carrinho saude" [pedidos]="/saude/pedidos saude")
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
    local port=$1 base=$2 reach=$3 user='' vary=Accept-Encoding origins name proxy proxies='' queue
    queue=$(setting_own limite_fila)
    ! is_root || user="user $SERVICE_USER $SERVICE_USER;"
    origins=$(nginx_origins "$(setting_own cors_origens)")
    [[ $origins == *'default "*"'* ]] || vary+=', Origin'
    install -d -m 0700 -o "$OWNER" -g "$GROUP" "$STATE/tmp/nginx"
    render "$TOP/nginx/nginx.conf.in" "USER=$user" "PROCESSOS=$NGINX_WORKERS" \
        "PRAZOFIM=$(($(setting_own prazo_segundos) * 1500))" | put_config "$ETC/nginx/nginx.conf"
    render "$TOP/nginx/origem.conf.in" "ORIGINS=$origins" "VARY=$vary" | put_config "$ETC/nginx/origem.conf"
    for proxy in $(setting_own proxies); do proxies+="    $proxy  1;"$'\n'; done
    render "$TOP/nginx/seguranca.conf.in" "PROXIES=${proxies%$'\n'}" | put_config "$ETC/nginx/seguranca.conf"
    render "$TOP/nginx/rotas.conf.in" "LISTEN=$(nginx_listen "$port" "$reach")" | put_config "$ETC/nginx/rotas.conf"
    nginx_direct_ports "$base" | put_config "$ETC/nginx/portas.conf"
    awk -v etc="$ETC/nginx" -f "$TOP/nginx/problemas.awk" "$TOP/fcgi/core/problems.def" | put_config "$ETC/nginx/problemas.conf"
    awk -f "$TOP/nginx/metodos.awk" "$TOP"/fcgi/*/main.c | put_config "$ETC/nginx/metodos.conf"
    nginx_limits | put_config "$ETC/nginx/limites.conf"
    render "$TOP/nginx/pools.conf.in" "PRAZODOIS=$(($(setting_own prazo_segundos) * 1125))" "FILA=$(nginx_share "$queue")" \
        "FILABUSCAS=$(nginx_share $((queue / 8)))" | put_config "$ETC/nginx/pools.conf"
    for name in logs cabecalhos cache cache-leitura cache-fotos fastcgi saude saude-guarda saude-erros interno; do
        render "$TOP/nginx/$name.conf.in" | put_config "$ETC/nginx/$name.conf"
    done
    install -m 0755 "$TOP/scripts/lib/nginx-inicia" "$BIN/nginx-inicia"
}

# nginx_share NUMBER: the part of it that each of nginx's workers has, at least one.
nginx_share() {
    local share=$((($1 + NGINX_WORKERS - 1) / NGINX_WORKERS))
    printf '%d' $((share > 1 ? share : 1))
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

# A rate's burst is ten seconds of it. Of a day's allowance about half comes back minute by minute, the rest may come at once.
nginx_limits() {
    local proxy proxies='' rate rates=() value minute
    for proxy in $(setting_own proxies); do proxies+="set_real_ip_from $proxy;"$'\n'; done
    for rate in leituras buscas escritas sessoes pedidos arquivos; do
        value=$(setting_own "limite_$rate")
        rates+=("${rate^^}=$value" "RAJADA${rate^^}=$((value * 10))")
    done
    for rate in sessoes pedidos; do
        value=$(setting_own "limite_${rate}_dia")
        minute=$((value < 2 * 1440 ? 1 : value / (2 * 1440)))
        rates+=("MINUTO${rate^^}=$minute" "RAJADADIA${rate^^}=$((value - 1440 * minute - 1))")
    done
    render "$TOP/nginx/limites.conf.in" "PROXIES=${proxies:-# None.}" "CONEXOES=$(setting_own limite_conexoes)" \
        "BUSCASJUNTAS=$((($(setting_own limite_conexoes) + 9) / 10))" "PRAZO=$(setting_own prazo_segundos)" \
        "PRAZOMS=$(($(setting_own prazo_segundos) * 950))" "PRAZOLIGAR=$(($(setting_own prazo_segundos) * 250))" "${rates[@]}"
}

# Files of procfs have no size.
has_ipv6() {
    grep -q . /proc/net/if_inet6 2>/dev/null
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
        [[ -n ${DIRECT_OFFSET[$pool]:-} ]] || continue
        render "$TOP/nginx/porta.conf.in" "SERVICE=$pool" "PORT=$(($1 + DIRECT_OFFSET["$pool"]))" "POOL=${DIRECT_UPSTREAM[$pool]}" \
            "CAMINHOSAUDE=${DIRECT_HEALTH[$pool]% *}" "SAUDE=${DIRECT_HEALTH[$pool]#* }"
    done
}

# The static root, where nginx's workers can read it: the pages, one for each problem, and below estatico/HASH what they load. HASH is
# of all that is there, so it is kept by browsers for good; a page that is open asks for what the root before this one had.
nginx_static() {
    local new=$HTML.novo hash
    rm -rf "$new"
    mkdir -m 0755 "$new"
    cp -r "$TOP/nginx/html/." "$new/"
    mkdir -p "$new/erros"
    awk -v model="$TOP/nginx/erro.html.in" -v out="$new/erros" -f "$TOP/nginx/erros.awk" "$TOP/fcgi/core/problems.def"
    if pages_built; then
        rm -rf "$new/estatico"
        cp -r "$BUILD/paginas" "$new/estatico"
        rm "$new/estatico/feito"
    fi
    hash=$(cd "$new/estatico" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum | cut -c1-16)
    mv -T "$new/estatico" "$new/$hash"
    mkdir "$new/estatico"
    mv -T "$new/$hash" "$new/estatico/$hash"
    nginx_fill "$new" "$hash"
    chmod -R u=rwX,go=rX "$new"
    nginx_static_swap "$new" "$hash"
}

# The marks in pages, and in the manifest.
nginx_fill() {
    local file text name
    local -A marks in_html in_json
    nginx_marks "$2"
    for name in "${!marks[@]}"; do
        in_html[$name]=$(text_html "${marks[$name]}")
        in_json[$name]=$(text_json "${marks[$name]}")
    done
    while IFS= read -r -d '' file; do
        local -n kind=in_html
        [[ $file == *.html ]] || local -n kind=in_json
        text=$(<"$file")
        for name in "${!marks[@]}"; do text=${text//"@$name@"/"${kind[$name]}"}; done
        pages_built || text=$(nginx_without_libraries <<<"$text")
        printf '%s\n' "$text" >"$file"
    done < <(find "$1" \( -name '*.html' -o -name '*.webmanifest' \) -print0)
}

nginx_marks() {
    local name
    for name in nome telefone endereco dias horario url; do marks[${name^^}]=$(setting_own "loja_$name"); done
    marks[LOJA]=${marks[NOME]}
    marks[FUSO]=$(setting_own fuso_horario)
    marks[ESTATICO]=/estatico/$1
}

# A text as it stands in HTML, in attributes too; and no mark is in it.
text_html() {
    local text=${1//'&'/'&amp;'}
    text=${text//'<'/'&lt;'}
    text=${text//'>'/'&gt;'}
    text=${text//'"'/'&quot;'}
    text=${text//"'"/'&#39;'}
    printf '%s' "${text//'@'/'&#64;'}"
}

text_json() {
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    printf '%s' "${text//'@'/'\u0040'}"
}

# Without their libraries pages are what they are without JavaScript, and say that it is not the browser's fault.
nginx_without_libraries() {
    sed -e 's#<noscript>#<div class="sem-bibliotecas"><p>Esta página está em manutenção.</p>#' -e 's#</noscript>#</div>#'
}

# A root like the one that is there leaves that one. Beside its own files estatico/ has those of the root before it.
nginx_static_swap() {
    local old before=''
    for old in "$HTML"/estatico/*/; do
        [[ -d $old && ${old%/} != */"$2" ]] || continue
        [[ -n $before && $before -nt $old ]] || before=$old
    done
    [[ -z $before ]] || cp -rp "$before" "$1/estatico/"
    if [[ -d $HTML ]] && diff -rq "$1" "$HTML" >/dev/null; then
        rm -rf "$1"
        return
    fi
    rm -rf "$HTML.velho"
    [[ ! -d $HTML ]] || mv -T "$HTML" "$HTML.velho"
    mv -T "$1" "$HTML"
    rm -rf "$HTML.velho"
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
