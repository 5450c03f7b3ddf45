# Comparing the books: looks at all stores, keeps what is wrong in every look, prints the report.
# A look is the lines of db/*/audit: livro, teste, erro, status. COPY writes them: no text has a tab or new line in it.
# shellcheck shell=bash

AUDIT_PAGE=1000
AUDIT_SECONDS=900

# audit_looks DIRECTORY SECONDS [QUIET]: looks until all adds up or the time is over. Leaves `look` (the last one) and
# `wrong` in the directory: what the first look found wrong inside a database, and every look between two stores.
audit_looks() {
    local end=$((${EPOCHREALTIME/[.,]/} + $2 * 1000000))
    audit_look "$1" "$3"
    awk '/^erro\t/' "$1/look" >"$1/wrong"
    while grep -q $'^erro\tentre\t' "$1/wrong" && ((${EPOCHREALTIME/[.,]/} < end)); do
        sleep 0.5
        audit_look "$1" "$3"
        audit_still_wrong "$1" >"$1/wrong.new"
        mv "$1/wrong.new" "$1/wrong"
    done
}

audit_still_wrong() {
    awk -F '\t' '
        FILENAME == ARGV[1] { if ($2 == "exato") print; else before[$3, $4] = 1; next }
        $1 == "erro" && $2 == "entre" && ($3, $4) in before' "$1/wrong" "$1/look"
}

audit_look() {
    PSQL_SECONDS=$AUDIT_SECONDS
    audit_catalogo >"$1/catalogo" || audit_blind "the catalogue's database"
    audit_pedidos "$1/catalogo" "$2" | psql_as_dono pg-pedidos pedidos >"$1/pedidos" ||
        audit_blind "the orders' database or Redis"
    grep -hE $'^(livro|teste|erro|status)\t' "$1/catalogo" "$1/pedidos" >"$1/look"
}

audit_blind() {
    warn "$1 did not answer, so nothing can be said; its reason is above"
    printf '    scripts/status%s tells how each part is\n' "$(state_option)" >&2
    exit 3
}

audit_catalogo() {
    cat "$TOP/db/catalogo/audit/"{produtos,reservas}.sql | psql_as_dono "$(cluster_of catalogo)" catalogo
}

# audit_pedidos FILE [QUIET]: all that the orders' database is to run: the other stores' rows, then the checks. A store
# that does not answer ends it before them.
audit_pedidos() {
    cat "$TOP/db/pedidos/audit/tabelas.sql" &&
        audit_rows reserva reservas "$1" &&
        audit_rows item reserva_itens "$1" &&
        audit_rows erro_pedido erros_de_reserva "$1" &&
        printf 'COPY marcas FROM STDIN;\n' &&
        audit_pages 0 "$TOP/db/carrinho/audit/marcas.lua" 0 && printf '\\.\nCOPY fluxo FROM STDIN;\n' &&
        audit_pages - "$TOP/db/pedidos/audit/eventos.lua" 1 pedidos:eventos && printf '\\.\n' &&
        cat "$TOP/db/pedidos/audit/"{pedidos,catalogo,redis}.sql &&
        { [[ -z $2 ]] || cat "$TOP/db/pedidos/audit/quieto.sql"; } &&
        printf 'COMMIT;\n'
}

# audit_rows TAG TABLE FILE: the lines of a tag, as rows of a table.
audit_rows() {
    printf 'COPY %s FROM STDIN;\n' "$2" && sed -n "s/^$1\t//p" "$3" && printf '\\.\n'
}

# audit_pages CURSOR SCRIPT KEYS...: every page that the script gives of Redis, from that cursor to the cursor 0.
audit_pages() {
    local cursor=$1 script page
    script=$(<"$2")
    shift 2
    while :; do
        page=$(redis_cli -e eval_ro "$script" "$@" "$cursor" "$AUDIT_PAGE") || return 1
        [[ $page != *$'\n'* ]] || printf '%s\n' "${page#*$'\n'}"
        cursor=${page%%$'\n'*}
        [[ $cursor != 0 ]] || return 0
    done
}

# audit_report DIRECTORY: the tables. Returns 1 when something is wrong, having said what first of each check.
audit_report() {
    audit_books "$1/look"
    audit_checks "$1"
    audit_orders "$1/look"
    [[ -s $1/wrong ]] || return 0
    audit_wrong "$1/wrong" >&2
    return 1
}

audit_books() {
    printf '%8s  %-32s %9s %9s %9s %9s %9s\n' produto nome inicial ajustes reservado vendido estoque
    sed -n 's/^livro\t//p' "$1"
}

audit_checks() {
    printf '\n%-20s %9s  %-9s %s\n' check rows result 'what it says'
    awk -F '\t' '
        FILENAME == ARGV[1] { wrong[$3]++; next }
        $1 == "teste" { printf "%-20s %9s  %-9s %s\n", $3, $4, wrong[$3] ? wrong[$3] " wrong" : "ok", $5 }' \
        "$1/wrong" "$1/look"
}

audit_orders() {
    printf '\n%-20s %9s  %s\n' orders count unfinished
    awk -F '\t' '
        $1 == "status" { printf "%-20s %9d  %d\n", $2, $3, $4; all += $3; unfinished += $4 }
        END { printf "%-20s %9d  %d\n", "all", all, unfinished }' "$1"
}

audit_wrong() {
    awk -F '\t' -v command="$COMMAND" '
        FNR == 1 { printf "scripts/%s: it does not add up; the first row of each check that found one:\n", command }
        !seen[$3]++ { printf "    %s: %s\n", $3, $5 }' "$1"
}
