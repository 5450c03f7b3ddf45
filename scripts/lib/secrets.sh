# Passwords of the stores' roles and bearer tokens. Made at random, kept in files, never on a command line.
# shellcheck shell=bash

PASSWORDS=(catalogo catalogo_leitura replicador pedidos redis_carrinho redis_operador)
SERVICE_TOKEN=servico-pedidos

secret() {
    cat "$SECRETS/$1"
}

secrets_make() {
    local name
    for name in "${PASSWORDS[@]}"; do
        [[ -s $SECRETS/$name ]] || random_hex | put "$SECRETS/$name" 0600 "$(owner)"
    done
    printf '*:*:*:replicador:%s\n' "$(secret replicador)" | put "$SECRETS/pgpass" 0600 "$(owner)"
    secrets_service_token
}

# What pedidos shows to catálogo and carrinho: these two rights and no other.
secrets_service_token() {
    [[ -s $SECRETS/pedidos.token ]] || token_random | put "$SECRETS/pedidos.token" 0600 "$(owner)"
    local token hash
    token=$(secret pedidos.token)
    hash=$(token_hash "$token")
    ! grep -qs "^$hash " "$ETC/tokens" || return 0
    tokens_without "$SERVICE_TOKEN" | tokens_and "$hash" "$SERVICE_TOKEN" reservas,retirar
}

token_random() {
    printf 'cft_%s\n' "$(head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '=')"
}

token_hash() {
    printf '%s' "$1" | sha256sum | cut -d ' ' -f 1
}

tokens_without() {
    [[ ! -f $ETC/tokens ]] || awk -v name="$1" '$2 != name' "$ETC/tokens"
}

# tokens_and HASH NAME RIGHTS < the other lines: the new file in one step, so a worker never reads half of it.
tokens_and() {
    { cat && printf '%s %s %s %s\n' "$1" "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; } |
        put "$ETC/tokens" 0640 "$(reader)"
}
