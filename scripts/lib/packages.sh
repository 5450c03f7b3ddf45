# The Debian packages that running, building and testing need; installed only when missing. Usable on its own.
# shellcheck shell=bash

PACKAGES_run=(nginx libnginx-mod-http-headers-more-filter postgresql redis-server supervisor logrotate python3 curl)
PACKAGES_build=(gcc libc6-dev make autoconf automake pkg-config
    libfcgi-dev libpq-dev libhiredis-dev libjson-c-dev libmd-dev libutf8proc-dev check)
PACKAGES_test=(python3-pytest python3-pytest-timeout python3-pytest-xdist
    python3-psycopg2 python3-redis python3-yaml python3-jsonschema python3-psutil varnish git)
PACKAGES_check=(clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck valgrind black pylint xz-utils debootstrap)
PACKAGES_pages=(npm)
PACKAGES_browser=(chromium)
PACKAGES_bench=(wrk strace php-fpm php-pgsql python3-psycopg2 python3-redis python3-yaml python3-jsonschema python3-psutil)
PACKAGE_SERVICES=(nginx postgresql redis-server supervisor varnish)
# Packages of which any version will do are there when their program is.
declare -A PACKAGE_PROGRAM=([postgresql]='/usr/lib/postgresql/*/bin/postgres' [php-fpm]='/usr/sbin/php-fpm*' [npm]='/usr/bin/npm')
POLICY=/usr/sbin/policy-rc.d
POLICY_TEXT='#!/bin/sh
# Made by confeitaria while it installs packages
exit 101'

# packages_need KIND...: returns 1, having said why, when they are missing and cannot be installed.
packages_need() {
    local wanted=() missing kind
    for kind in "$@"; do
        local -n list=PACKAGES_$kind
        wanted+=("${list[@]}")
    done
    if ! command -v dpkg-query >/dev/null; then
        printf 'This installs what it needs on Debian 12 and 13, and there is no dpkg here. It needs: %s\n' "${wanted[*]}" >&2
        return 1
    fi
    mapfile -t missing < <(packages_missing "${wanted[@]}")
    ((${#missing[@]})) || return 0
    if [[ $EUID != 0 ]]; then
        printf 'These Debian packages are missing; run, as root:\n    apt-get install --no-install-recommends %s\n' \
            "${missing[*]}" >&2
        return 1
    fi
    printf 'Installing Debian packages: %s\n' "${missing[*]}"
    packages_install "${missing[@]}"
}

# The answer of dpkg is read, not its exit status: it fails when one package is unknown.
packages_missing() {
    local installed package
    installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        [[ -z ${PACKAGE_PROGRAM[$package]:-} ]] || ! compgen -G "${PACKAGE_PROGRAM[$package]}" >/dev/null || continue
        [[ $installed =~ (^|$'\n')[ih]i\ *$package($|$'\n') ]] || printf '%s\n' "$package"
    done
}

# A policy that refuses to start services keeps the packages' own nginx, PostgreSQL and Redis from coming up. One that an earlier
# run left when it was killed is known by its text.
packages_apt_without_services() (
    if [[ ! -e $POLICY || $(<"$POLICY") == "$POLICY_TEXT" ]]; then
        trap 'rm -f "$POLICY"' EXIT
        trap 'exit 130' INT TERM HUP
        printf '%s\n' "$POLICY_TEXT" >"$POLICY"
        chmod 0755 "$POLICY"
    fi
    packages_apt "$@"
)

packages_install() {
    if ! packages_apt_without_services "$@"; then
        printf 'apt-get could not install them; its last words are above. Mend that and run this again.\n' >&2
        return 1
    fi
    packages_disable_services "$@"
}

# The lists of packages are fetched only when the ones that are here do not do.
packages_apt() {
    local log
    log=$(mktemp)
    if packages_apt_install "$@" >"$log" 2>&1 ||
        { apt-get -q update >>"$log" 2>&1 && packages_apt_install "$@" >>"$log" 2>&1; }; then
        rm -f "$log"
        return 0
    fi
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
}

packages_apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
        install --no-install-recommends "$@"
}

# What was installed for this system must not take its ports at the next boot.
packages_disable_services() {
    command -v systemctl >/dev/null || return 0
    local package service
    for package in "$@"; do
        for service in "${PACKAGE_SERVICES[@]}"; do
            [[ $package == "$service"* ]] || continue
            systemctl disable --quiet "$service" >/dev/null 2>&1 || true
        done
    done
}
