# Building the workers out of tree, and putting them where the servers' user may run them.
# shellcheck shell=bash

PROGRAMS=(catalogo vigia carrinho pedidos conciliador saude)
BUILD=${CONFEITARIA_BUILD:-$TOP/build}
# A tree configured in place cannot be built elsewhere.
[[ -n ${CONFEITARIA_BUILD:-} || ! -f $TOP/config.status ]] || BUILD=$TOP

# CONFEITARIA_BUILD names a build that is ready; else ./build is made, or brought up to date.
build_programs() {
    [[ -n ${CONFEITARIA_BUILD:-} ]] || build_make
    local program
    for program in "${PROGRAMS[@]}"; do
        [[ -x $BUILD/$program ]] || die "there is no program $BUILD/$program" "build it with make, or unset CONFEITARIA_BUILD"
    done
}

# Whether the libraries of the pages are there (nginx/paginas/build).
pages_built() {
    [[ -f $BUILD/paginas/feito ]]
}

# npm makes them, and nothing else needs it: it is installed only where it can make them.
pages_need() {
    [[ -z ${CONFEITARIA_BUILD:-} && ! -d $TOP/nginx/paginas/pronto ]] || return 0
    if pages_built || command -v npm >/dev/null; then return 0; fi
    packages_need pages >&2 || true
}

pages_check() {
    local remedy="install npm (apt-get install npm)"
    ! pages_built || return 0
    ! command -v npm >/dev/null || remedy="npm could not get them, make -C $BUILD pages says why"
    warn "the pages lack their libraries and only say that they are being worked on; the API is whole." \
        "Remedy: $remedy; then run scripts/restart$(state_option) nginx"
}

build_make() {
    if [[ ! -x $TOP/configure ]]; then
        say "preparing the build (autogen.sh)"
        build_step "$TOP" ./autogen.sh
    fi
    mkdir -p "$BUILD"
    exec 8>>"$BUILD/.trava"
    flock 8
    if [[ ! -f $BUILD/Makefile ]]; then
        say "configuring in $BUILD"
        build_step "$BUILD" "$TOP/configure"
    fi
    say "building in $BUILD"
    build_step "$BUILD" make -s -j"$(nproc)"
    exec 8>&-
}

build_step() {
    local dir=$1 log
    shift
    log=$(mktemp)
    if ! (cd "$dir" && exec 8>&- 9>&- && "$@") >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        die "building failed: $* in $dir; its last words are above"
    fi
    rm -f "$log"
}

# A checkout may be somewhere that the servers cannot enter, so the state has its own copy. Replaced by a rename: a program
# that runs goes on with the file it has.
build_install() {
    local program
    for program in "${PROGRAMS[@]}"; do
        cmp -s "$BUILD/$program" "$BIN/$program" && continue
        install -m 0755 "$BUILD/$program" "$BIN/$program.novo"
        mv -f "$BIN/$program.novo" "$BIN/$program"
    done
}
