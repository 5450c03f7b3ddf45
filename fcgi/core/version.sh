#!/bin/sh
# version.sh SOURCES VERSION: writes version.json and version.c, which say what release this is. The commit is that of .commit in a
# release, git's in a checkout, else "". What would say the same as before is not written, so that nothing is made anew of it.
set -eu

# COMMIT, or COMMIT dirty when files that git knows were changed.
commit() {
    if [ -f "$1/.commit" ]; then
        cat "$1/.commit"
    elif [ -e "$1/.git" ]; then
        # Also as root in a user's checkout. It takes no locks there.
        export GIT_OPTIONAL_LOCKS=0
        set -- git -c safe.directory='*' -C "$1"
        "$@" rev-parse --verify --quiet --short=7 HEAD || return 0
        [ -z "$("$@" status --porcelain --untracked-files=no)" ] || echo dirty
    fi
}

write() {
    cat >"$1.new"
    if cmp -s "$1.new" "$1"; then rm -f "$1.new"; else mv -f "$1.new" "$1"; fi
}

# shellcheck disable=SC2046 # two words, one or none
set -- "$2" $(commit "$1")
dirty=false
[ "${3:-}" != dirty ] || dirty=true
printf '{"version": "%s", "commit": "%s", "dirty": %s}\n' "$1" "${2:-}" "$dirty" | write version.json
write version.c <<TEXT
#include "core/version.h"

const char version_number[] = "$1";
const char version_commit[] = "${2:-}";
TEXT
