# What nginx keeps of the catalogue's answers, and the link that says of which version they are (nginx/cache.conf.in).
# Nothing in it is needed: it goes when the system stops and is made anew when it starts.
# shellcheck shell=bash

# In memory where there is enough, under a short path: nginx looks each part of it up at every request. Else beside the
# sockets.
cache_named() {
    CACHE=$RUN/cache
    ! cache_in_memory || CACHE=/dev/shm/confeitaria-$(short_name "$STATE")
}

# An ordinary user's files in /dev/shm go when he logs out (logind's RemoveIPC); a container's has 64 MB, and a full
# disk is no place for answers that nginx is sending.
cache_in_memory() {
    is_root && [[ -d /dev/shm && -w /dev/shm ]] && (($(df -k --output=size /dev/shm | tail -n 1) >= 256 * 1024))
}

cache_make() {
    cache_remove
    mkdir -m 0700 "$CACHE" || die "cannot make $CACHE" "whoever made what is there must remove it"
    mkdir "$CACHE/v0"
    ln -s v0 "$CACHE/atual"
    chown -hR "$OWNER:$GROUP" "$CACHE"
}

cache_remove() {
    rm -rf -- "$CACHE"
}
