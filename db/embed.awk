# Compiles SQL and Lua in: turns statement files into a C table and an enum of its indices.
#
#   awk -f db/embed.awk -v service=catalogo -v kind=h  db/catalogo/statements/*.sql > catalogo_sql.h   (kind=c: the table)
#   awk -f db/embed.awk -v service=carrinho -v kind=lua-h db/carrinho/*.lua         > carrinho_lua.h   (kind=lua-c)
#
# A statement begins with `-- name: produto_get`, `-- name: produto_criar (writes)` or `-- name: saude (health)`, and ends at
# the next one. `(health)` says that it has the time of a health check only, `(planned anew)` that its best plan depends on its
# parameters. `-- part: filtro` begins lines that are no
# statement, for every later `-- use: filtro` to stand for. A Lua file is one script with the name of the file. Other comment
# lines are left out; a `#!` line stays, as Redis reads its flags.
#
# `-- returns: id int, nome text, descricao text?` are the statement's columns, in lines that follow its name, by the names that
# PostgreSQL gives them. Types: int, bool, money, time, uuid, json, bytes, and text for all others; with ? there may be a null.
# `-- row: categoria id int, nome text` names columns that several statements return, of any file: `-- returns: categoria, situacao text`.
# With ? all of a row's columns are null where the statement's first one is. A statement without such a line returns no columns.

function quoted(text) {
    gsub(/\\/, "&&", text) # awks disagree on what backslashes in a replacement mean
    gsub(/"/, "\\\"", text)
    return "\"" text "\\n\""
}

function highest_param(text,    most, number) {
    most = 0
    while (match(text, /\$[0-9]+/)) {
        number = substr(text, RSTART + 1, RLENGTH - 1) + 0
        if (number > most) most = number
        text = substr(text, RSTART + RLENGTH)
    }
    return most
}

function fail(message) {
    print message > "/dev/stderr"
    failed = 1
    exit 1
}

# Appends the columns of a list, as C has them, to those of statement `i`; `rest` is ", true" within a row that may not be there.
function expand(list, rest, i,    items, words, n, k, name, type, optional) {
    n = split(list, items, /[ \t]*,[ \t]*/)
    for (k = 1; k <= n; k++) {
        optional = sub(/\?$/, "", items[k])
        if (split(items[k], words, " ") == 1) {
            name = words[1]
            if (!(name in rows)) fail(names[i] ": no row " name)
            expand(rows[name], optional ? ", true" : rest, i)
            continue
        }
        type = words[2]
        if (!(type in types)) fail(names[i] ": no type " type)
        columns[i] = columns[i] "\n\t    {\"" words[1] "\", " types[type] ", " (optional ? "true" : "false") rest "},"
        column_count[i]++
    }
}

BEGIN {
    lua = kind ~ /^lua/
    split("int bool text money time uuid json bytes", known, " ")
    for (i in known) types[known[i]] = "FIELD_" toupper(known[i])
}

lua && FNR == 1 {
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.lua$/, "", name)
    names[++count] = name
}

FNR == 1 { part = "" }

!lua && /^-- name: / {
    names[++count] = $3
    writes[count] = /\(writes\)/ ? "true" : "false"
    health[count] = /\(health\)/ ? "true" : "false"
    anew[count] = /\(planned anew\)/ ? "true" : "false"
    part = ""
    next
}

!lua && /^-- part: / {
    part = $3
    next
}

!lua && /^-- row: / {
    row = $3
    sub(/^-- row: [^ ]+ /, "")
    rows[row] = rows[row] (row in rows && rows[row] != "" ? ", " : "") $0
    next
}

!lua && /^-- returns: / {
    sub(/^-- returns: /, "")
    returns[count] = returns[count] (returns[count] != "" ? ", " : "") $0
    next
}

!lua && /^-- use: / {
    if (!($3 in part_lines)) fail(FILENAME ":" FNR ": no part " $3)
    lines[count] = lines[count] part_lines[$3]
    if (part_params[$3] > params[count]) params[count] = part_params[$3]
    next
}

/^[ \t]*--/ || /^[ \t]*$/ { next }

{
    text = "\n\t     " quoted($0)
    number = lua ? 0 : highest_param($0)
}

part != "" {
    part_lines[part] = part_lines[part] text
    if (number > part_params[part]) part_params[part] = number
    next
}

count > 0 {
    lines[count] = lines[count] text
    if (number > params[count]) params[count] = number
}

END {
    if (failed) exit 1
    for (i = 1; i <= count; i++) if (returns[i] != "") expand(returns[i], "", i)
    upper = toupper(service)
    prefix = lua ? "KV_" : "SQL_"
    type = lua ? "kv_script" : "sql_statement"
    table = service (lua ? "_scripts" : "_statements")
    size = upper (lua ? "_SCRIPT_COUNT" : "_STATEMENT_COUNT")
    print "/* Made by db/embed.awk from db/" service "/. Do not edit. */"
    if (kind ~ /h$/) {
        guard = "DB_" upper (lua ? "_LUA_H" : "_SQL_H")
        print "#ifndef " guard "\n#define " guard "\n\n#include \"core/" (lua ? "kv.h" : "sql.h") "\"\n\nenum {"
        for (i = 1; i <= count; i++) print "\t" prefix toupper(names[i]) ","
        print "\t" size "\n};\n\nextern const struct " type " " table "[" size "];\n\n#endif"
    } else {
        print "#include \"db/" service (lua ? "_lua.h" : "_sql.h") "\"\n"
        for (i = 1; i <= count; i++)
            if (columns[i] != "") print "static const struct sql_column " names[i] "_columns[] = {" columns[i] "\n};"
        print "\nconst struct " type " " table "[" size "] = {"
        for (i = 1; i <= count; i++) {
            printf "\t[%s%s] = {\n\t    .name = \"%s\",\n\t    .text =%s,\n", prefix, toupper(names[i]), names[i], lines[i]
            if (!lua) {
                printf "\t    .params = %d,\n\t    .writes = %s,\n", params[i], writes[i]
                printf "\t    .health = %s,\n\t    .anew = %s,\n", health[i], anew[i]
                if (columns[i] != "") printf "\t    .columns = %s_columns,\n\t    .column_count = %d,\n", names[i], column_count[i]
            }
            print "\t},"
        }
        print "};"
    }
}
