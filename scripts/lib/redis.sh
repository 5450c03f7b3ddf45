# Redis for the carts: an answered write is on the disk, and each user may do only what it is for.
# Nobody can be the user default (off, no password), but it may do all: Redis replays its own log of commands as that user, and
# without the rights it drops every transaction in it at a restart.
# shellcheck shell=bash

CART_COMMANDS='+evalsha +eval +script|load +hgetall +hget +hmget +hset +hdel +hexists +hlen +exists +del +expire +pexpire
    +ttl +pttl +hincrby +time +ping +role +memory|stats'
STREAM_COMMANDS='+evalsha +eval +script|load +xadd +xlen +xrange +xtrim +xpending +xinfo|groups +ping +role'

redis_configure() {
    install -d -m 0700 -o "$OWNER" -g "$GROUP" "$DATA/redis"
    put_config "$ETC/redis.conf" <<CONF
port 0
unixsocket $RUN/redis.sock
unixsocketperm 770
dir $DATA/redis
aclfile $SECRETS/redis.acl
pidfile $DATA/redis/redis.pid
daemonize no
appendonly yes
appendfsync always
save ""
repl-diskless-sync-delay 0
maxmemory $(setting_own redis_memoria_mb)mb
maxmemory-policy noeviction
logfile ""
CONF
    redis_access
}

redis_access() {
    put "$SECRETS/redis.acl" 0600 "$OWNER" <<ACL
user default off resetpass ~* &* +@all
user carrinho on #$(token_hash "$(secret redis_carrinho)") ~carrinho:* resetchannels -@all $(tr -s ' \n' ' ' <<<"$CART_COMMANDS")
user conciliador on #$(token_hash "$(secret redis_conciliador)") ~pedidos:eventos resetchannels -@all $STREAM_COMMANDS
user operador on #$(token_hash "$(secret redis_operador)") ~* &* +@all
ACL
}

# Tells a running Redis what its users may do in this version. ACL LOAD would cut off the workers.
redis_access_renew() {
    redis_access
    sed -nE 's/^user (carrinho|conciliador) /ACL SETUSER \1 reset /p' "$SECRETS/redis.acl" | redis_cli >/dev/null
}

# redis_cli COMMAND...: as the operator. The password goes by the environment, which only this user can see.
redis_cli() {
    REDISCLI_AUTH=$(secret redis_operador) timeout "${REDIS_SECONDS:-30}" redis-cli --no-auth-warning -s "$RUN/redis.sock" --user operador "$@"
}

redis_ready() {
    [[ $(redis_cli ping 2>/dev/null) == PONG ]]
}
