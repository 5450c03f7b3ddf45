# The operator's own settings, etc/confeitaria.conf: their names, what they are without a word of his, what they may be.
# shellcheck shell=bash

declare -A SETTING_DEFAULT=([cors_origens]='*' [proxies]='' [limite_leituras]=200 [limite_buscas]=20 [limite_escritas]=50
    [limite_sessoes]=10 [limite_pedidos]=10 [limite_arquivos]=500 [limite_conexoes]=100 [limite_fila]=128 [limite_sessoes_dia]=10000 [limite_pedidos_dia]=3000
    [redis_memoria_mb]=256 [limite_log_kib]=32768
    [prazo_segundos]=4 [fuso_horario]=America/Sao_Paulo [anonimizar_dias]=0
    [loja_nome]=Confeitaria [loja_telefone]='(11) 5555-0123' [loja_endereco]='Rua das Amoras, 100 - São Paulo' [loja_url]=''
    [loja_dias]='ter qua qui sex sab dom' [loja_horario]=9-18)
declare -A NUMBER_MAX=([prazo_segundos]=60 [limite_leituras]=100000 [limite_buscas]=100000 [limite_escritas]=100000 [limite_sessoes]=100000
    [limite_pedidos]=100000 [limite_arquivos]=100000 [limite_conexoes]=4000 [limite_fila]=200 [limite_sessoes_dia]=1000000 [limite_pedidos_dia]=1000000 [redis_memoria_mb]=1000000
    [limite_log_kib]=999999 [anonimizar_dias]=36500)
# Where it is not 1. A day's allowance comes back by at least one a minute (nginx knows no slower rate), which is 1440 of it.
declare -A NUMBER_MIN=([limite_sessoes_dia]=1500 [limite_pedidos_dia]=1500 [redis_memoria_mb]=16)

# setting_own NAME: the operator's value, or the default.
setting_own() {
    setting "$1" "${SETTING_DEFAULT[$1]}"
}

# setting_fault NAME VALUE: what is wrong with a value, in words; nothing when it is well.
setting_fault() {
    local word words
    read -r -d '' -a words <<<"$2" || true
    case $1 in
    cors_origens)
        [[ $2 != '*' ]] || return 0
        for word in "${words[@]}"; do
            [[ $word =~ ^https?://[A-Za-z0-9.-]+(:[0-9]+)?$ ]] ||
                printf 'has %s, which is no origin: write * or origins like https://loja.example' "$word"
        done
        ;;
    proxies)
        for word in "${words[@]}"; do
            [[ $word =~ ^[0-9a-fA-F:.]+(/[0-9]{1,3})?$ ]] ||
                printf 'has %s, which is no address: write addresses like 127.0.0.1 or 10.0.0.0/8' "$word"
        done
        ;;
    fuso_horario)
        [[ $2 =~ ^[A-Za-z]+([/_+-][A-Za-z0-9]+)*$ && -f /usr/share/zoneinfo/$2 ]] ||
            printf 'is %s: write a time zone as in /usr/share/zoneinfo, such as America/Sao_Paulo' "${2:-empty}"
        ;;
    anonimizar_dias)
        if [[ ! $2 =~ ^(0|[1-9][0-9]{0,4})$ ]] || (($2 > NUMBER_MAX["$1"])); then
            printf 'is %s: write a number of days from 1 to %d, or 0 for never' "${2:-empty}" "${NUMBER_MAX[$1]}"
        fi
        ;;
    loja_*) setting_fault_page "$1" "$2" ;;
    limite_* | prazo_* | redis_*)
        local least=${NUMBER_MIN[$1]:-1}
        if [[ ! $2 =~ ^[1-9][0-9]{0,6}$ ]] || (($2 < least || $2 > NUMBER_MAX["$1"])); then
            printf 'is %s: write a whole number from %d to %d' "${2:-empty}" "$least" "${NUMBER_MAX[$1]}"
        fi
        ;;
    esac
}

# The settings that pages show.
setting_fault_page() {
    local word words to seen=' '
    case $1 in
    loja_nome | loja_endereco)
        local most=60
        [[ $1 == loja_nome ]] || most=200
        [[ $2 =~ [^[:space:]] && ! $2 =~ [[:cntrl:]] ]] && ((${#2} <= most)) ||
            printf 'is no text: write 1 to %d characters on one line' "$most"
        ;;
    loja_telefone)
        [[ $2 =~ ^[0-9+\(][0-9\(\)\ -]{7,24}$ ]] || printf 'is %s: write a telephone number like (11) 5555-0123' "${2:-empty}"
        ;;
    loja_url)
        [[ -z $2 || $2 =~ ^https?://[A-Za-z0-9.-]+(:[0-9]+)?$ ]] ||
            printf 'is %s: write where the shop is to be found, like https://loja.example, or nothing' "$2"
        ;;
    loja_dias)
        read -r -d '' -a words <<<"$2" || true
        for word in "${words[@]}"; do
            [[ $word =~ ^(seg|ter|qua|qui|sex|sab|dom)$ && $seen != *" $word "* ]] || seen=
            seen+="$word "
        done
        [[ $seen == ' '*[a-z]* ]] || printf 'is %s: write each day once, with spaces, of seg ter qua qui sex sab dom' "${2:-empty}"
        ;;
    loja_horario)
        [[ $2 =~ ^(0|[1-9][0-9]?)(:([0-5][0-9]))?-([1-9][0-9]?)(:([0-5][0-9]))?$ ]] &&
            ((BASH_REMATCH[1] * 60 + 10#0${BASH_REMATCH[3]} < (to = BASH_REMATCH[4] * 60 + 10#0${BASH_REMATCH[6]}) && to <= 24 * 60)) ||
            printf 'is %s: write the hours from when to when it is open, like 9-18 or 8:30-18' "${2:-empty}"
        ;;
    esac
}

# setting_valid NAME=VALUE, as an option gives it.
setting_valid() {
    local name=${1%%=*} fault
    [[ $1 == *=* ]] || usage_error "--set takes NAME=VALUE, not $1"
    [[ $name =~ ^[a-z_]+$ && -v SETTING_DEFAULT[$name] ]] ||
        usage_error "there is no setting $name: they are $(tr ' ' '\n' <<<"${!SETTING_DEFAULT[*]}" | sort | paste -sd ' ')"
    fault=$(setting_fault "$name" "${1#*=}")
    [[ -z $fault ]] || usage_error "$name $fault"
}

# The operator's file, before anything is made from it.
settings_check() {
    local name fault
    for name in "${!SETTING_DEFAULT[@]}"; do
        fault=$(setting_fault "$name" "$(setting_own "$name")")
        [[ -z $fault ]] || die "$name in $ETC/confeitaria.conf ${fault%%: *}" "${fault#*: }"
    done
}
