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

BEGIN { lua = kind ~ /^lua/ }

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

!lua && /^-- use: / {
    if (!($3 in part_lines)) {
        unknown = FILENAME ":" FNR ": no part " $3
        exit 1
    }
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
    if (unknown != "") {
        print unknown > "/dev/stderr"
        exit 1
    }
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
        print "#include \"db/" service (lua ? "_lua.h" : "_sql.h") "\"\n\nconst struct " type " " table "[" size "] = {"
        for (i = 1; i <= count; i++) {
            printf "\t[%s%s] = {\n\t    .name = \"%s\",\n\t    .text =%s,\n", prefix, toupper(names[i]), names[i], lines[i]
            if (!lua) {
                printf "\t    .params = %d,\n\t    .writes = %s,\n", params[i], writes[i]
                printf "\t    .health = %s,\n\t    .anew = %s,\n", health[i], anew[i]
            }
            print "\t},"
        }
        print "};"
    }
}
