# Compiles SQL and Lua in: turns statement files into a C table and an enum of its indices.
#
#   awk -f db/embed.awk -v service=catalogo -v kind=h  db/catalogo/statements/*.sql > catalogo_sql.h   (kind=c: the table)
#   awk -f db/embed.awk -v service=carrinho -v kind=lua-h db/carrinho/*.lua         > carrinho_lua.h   (kind=lua-c)
#
# A statement begins with `-- name: produto_get`, `-- name: produto_criar (writes)` or `-- name: saude (within 400 ms)`, and ends
# at the next one. A Lua file is one script with the name of the file. Comment lines are left out.

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

!lua && /^-- name: / {
    names[++count] = $3
    writes[count] = /\(writes\)/ ? "true" : "false"
    within[count] = match($0, /\(within [0-9]+ ms\)/) ? substr($0, RSTART + 8) + 0 : 0
    next
}

count == 0 || /^[ \t]*--/ || /^[ \t]*$/ { next }

{
    lines[count] = lines[count] "\n\t     " quoted($0)
    if (!lua) {
        number = highest_param($0)
        if (number > params[count]) params[count] = number
    }
}

END {
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
            if (!lua) printf "\t    .params = %d,\n\t    .writes = %s,\n\t    .deadline_ms = %d,\n", params[i], writes[i], within[i]
            print "\t},"
        }
        print "};"
    }
}
