# Passwords of the stores' roles and bearer tokens. Made at random, kept in files, never on a command line.
# shellcheck shell=bash

PASSWORDS=(catalogo catalogo_leitura replicador pedidos conciliador redis_carrinho redis_conciliador redis_operador)
# What these show to catálogo and carrinho: the rights to reserve and to take out of carts, and no other.
CALLERS=(pedidos conciliador)

secret() {
    printf '%s' "$(<"$SECRETS/$1")"
}

secrets_make() {
    local name
    for name in "${PASSWORDS[@]}"; do
        [[ -s $SECRETS/$name ]] || random_hex | put "$SECRETS/$name" 0600 "$OWNER"
    done
    printf '*:*:*:replicador:%s\n' "$(secret replicador)" | put "$SECRETS/pgpass" 0600 "$OWNER"
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

tokens_without() {
    [[ ! -f $ETC/tokens ]] || awk -v name="$1" '$2 != name' "$ETC/tokens"
}

# tokens_and HASH NAME RIGHTS < the other lines: the new file in one step, so a worker never reads half of it.
tokens_and() {
    { cat && printf '%s %s %s %s\n' "$1" "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; } |
        put "$ETC/tokens" 0640 "$EUID"
}
