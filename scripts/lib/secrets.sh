# Passwords of Redis's users and bearer tokens. Made at random, kept in files, never on a command line.
# shellcheck shell=bash

PASSWORDS=(redis_carrinho redis_conciliador redis_operador)
# What these show to catálogo and carrinho: the rights to reserve and to take out of carts, and no other.
CALLERS=(pedidos conciliador)

secret() {
    printf '%s' "$(<"$SECRETS/$1")"
}

secrets_make() {
    local name
    # Those of an older release, which nothing asks for.
    as_owner rm -f -- "$SECRETS/"{catalogo,catalogo_leitura,replicador,pedidos,conciliador,pgpass}
    for name in "${PASSWORDS[@]}"; do
        [[ -s $SECRETS/$name ]] || random_hex | put "$SECRETS/$name" 0600 "$OWNER"
    done
    for name in "${CALLERS[@]}"; do secrets_service_token "$name"; done
}

service_token_name() {
    printf 'servico-%s' "$1"
}

# Whether a token's name is that of a service.
is_service_token() {
    local name
    for name in "${CALLERS[@]}"; do
        [[ $1 != "$(service_token_name "$name")" ]] || return 0
    done
    return 1
}

secrets_service_token() {
    [[ -s $SECRETS/$1.token ]] || token_random | put "$SECRETS/$1.token" 0600 "$OWNER"
    local hash name
    hash=$(token_hash "$(secret "$1.token")")
    name=$(service_token_name "$1")
    ! grep -qs "^$hash " "$ETC/tokens" || return 0
    tokens_without "$name" | tokens_and "$hash" "$name" reservas,retirar
}

token_random() {
    printf 'cft_%s\n' "$(head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '=')"
}

token_hash() {
    local hash
    hash=$(printf '%s' "$1" | sha256sum)
    printf '%s' "${hash%% *}"
}

# The names are compared as texts: to awk 1.0 and 1 are the same number.
tokens_without() {
    [[ ! -f $ETC/tokens ]] || NAME=$1 awk '$2 "" != ENVIRON["NAME"] ""' "$ETC/tokens"
}

# The hashes of the tokens of this name, a line each.
tokens_named() {
    [[ ! -f $ETC/tokens ]] || NAME=$1 awk '$2 "" == ENVIRON["NAME"] "" { print $1 }' "$ETC/tokens"
}

# tokens_and HASH NAME RIGHTS [EXPIRES] < the other lines: the new file in one step, so a worker never reads half of it.
tokens_and() {
    { cat && printf '%s %s %s %s%s\n' "$1" "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "${4:+ $4}"; } |
        put "$ETC/tokens" 0640 "$EUID"
}

# The directory where the workers note when a token was last used: an empty file of that time, named by the token's hash.
token_uses() {
    printf '%s' "$DATA/usos"
}

# token_last_use HASH: the day, in UTC. stat does not follow a link that may lie there.
token_last_use() {
    local seconds
    seconds=$(stat -c %Y -- "$(token_uses)/$1" 2>/dev/null) && date -u -d "@$seconds" +%Y-%m-%d
}

# As the servers' user, whose directory it is.
token_use_forget() {
    as_owner rm -f -- "$(token_uses)/$1"
}
