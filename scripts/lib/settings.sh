# The operator's own settings, etc/confeitaria.conf: their names, what they are without a word of his, what they may be.
# shellcheck shell=bash

declare -A SETTING_DEFAULT=([cors_origens]='*' [proxies]='' [limite_leituras]=200 [limite_escritas]=50 [limite_sessoes]=10
    [limite_pedidos]=10 [limite_conexoes]=100 [limite_fila]=128 [prazo_segundos]=4 [fuso_horario]=America/Sao_Paulo)
declare -A NUMBER_MAX=([prazo_segundos]=60 [limite_leituras]=100000 [limite_escritas]=100000 [limite_sessoes]=100000 [limite_pedidos]=100000
    [limite_conexoes]=4000 [limite_fila]=200)

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
    limite_* | prazo_*)
        if [[ ! $2 =~ ^[1-9][0-9]{0,5}$ ]] || (($2 > NUMBER_MAX["$1"])); then
            printf 'is %s: write a whole number from 1 to %d' "${2:-empty}" "${NUMBER_MAX[$1]}"
        fi
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
