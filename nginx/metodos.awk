# Turns the workers' route tables (fcgi/<service>/main.c) into $metodos_do_caminho: the methods that the address asked for has, as
# Allow lists them, at this server; empty for no address of the API, `arquivo` for what is a file, if it is anything.

FNR == 1 {
	service = FILENAME
	sub(/\/main\.c$/, "", service)
	sub(/.*\//, "", service)
	# The front door, and the ports of single services.
	servers = "confeitaria|" service (service == "catalogo" ? "|catalogo-replica" : "")
}

match($0, /\{METHOD_[A-Z]+, "\/(api|fotos)\/[^"]*"/) {
	split(substr($0, RSTART, RLENGTH), parts, "\"")
	method = parts[1]
	gsub(/[{, ]|METHOD_/, "", method)
	pattern = parts[2]
	gsub(/\{int\}/, "[1-9][0-9]{0,9}", pattern)
	gsub(/\{hash\}/, "[0-9a-f]{64}[.][a-z0-9]{1,8}", pattern)
	gsub(/\{uuid\}/, "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", pattern)
	place = "~^(" servers ") " pattern "(\\?|$)"
	if (!(place in methods))
		places[++count] = place
	methods[place, method] = 1
	methods[place]
}

END {
	if (!count) {
		print "metodos.awk: no route found" > "/dev/stderr"
		exit 1
	}
	split("GET POST PUT PATCH DELETE", order, " ")
	print "map \"$server_name $request_uri\" $metodos_do_caminho {"
	print "    default \"\";"
	for (i = 1; i <= count; i++) {
		list = ""
		for (j = 1; j in order; j++)
			if ((places[i], order[j]) in methods)
				list = list order[j] (order[j] == "GET" ? ", HEAD, " : ", ")
		printf "    \"%s\" \"%sOPTIONS\";\n", places[i], list
	}
	print "    \"~ /health(\\?|$)\" \"GET, HEAD, OPTIONS\";"
	print "    \"~^confeitaria /(livez|api/?|api/openapi\\.yaml)(\\?|$)\" \"GET, HEAD, OPTIONS\";"
	print "    \"~^confeitaria /(?!(api|interno)(/|$))\" arquivo;"
	print "}"
}
