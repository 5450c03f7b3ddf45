# Turns fcgi/core/problems.def into nginx's own error answers: for each status that nginx itself gives, the problem of that
# name as JSON, in the shape that workers give. A 502 has two reasons: $motivo_502 of pools.conf says which.
# -v etc=DIRECTORY of the generated configuration.

# Splits PROBLEM(NAME, "codigo", 404, 0, "title", "detail"): texts hold commas, so it goes from quote to quote.
function read_problem(line,    parts) {
	split(line, parts, "\"")
	problem["codigo"] = parts[2]
	split(parts[3], numbers, ",")
	problem["status"] = numbers[2] + 0
	problem["retry"] = numbers[3] + 0
	problem["title"] = parts[4]
	problem["detail"] = parts[6]
	problem["tipo"] = "/erros/" parts[2]
	gsub(/_/, "-", problem["tipo"])
}

function member(name, value) { return "\"" name "\":\"" value "\"" }

function body() {
	return "{\"success\":false," member("error", problem["detail"]) "," member("type", problem["tipo"]) "," \
		member("title", problem["title"]) ",\"status\":" problem["status"] "," member("detail", problem["detail"]) "," \
		member("codigo", problem["codigo"]) "," member("request_id", "$id_requisicao") "}"
}

BEGIN {
	# What is refused before the path is known cannot go to a named location.
	early["requisicao_invalida"] = early["endereco_grande"] = early["cabecalhos_grandes"] = 1
	early["nao_implementado"] = early["versao_http"] = 1
	# What a filter refuses (a file's conditions) ends the connection.
	closes["versao_diferente"] = 1
	answers["requisicao_invalida"] = "400"
	answers["rota_nao_encontrada"] = "403 404"
	answers["metodo_nao_permitido"] = "405"
	answers["versao_diferente"] = "412"
	answers["corpo_grande"] = "413"
	answers["endereco_grande"] = "414"
	answers["muitas_requisicoes"] = "429"
	answers["cabecalhos_grandes"] = "431 494"
	answers["erro_interno"] = "500"
	answers["nao_implementado"] = "501"
	answers["versao_http"] = "505"
	answers["servico_fora"] = answers["sobrecarga"] = ""
	answers["servico_indisponivel"] = "503"
	answers["tempo_esgotado"] = "504"
	# Where a person may ask, a page is the answer (seguranca.conf).
	place_of["rota_nao_encontrada"] = "$onde_404"
	place_of["erro_interno"] = "$onde_500"
	place_of["servico_indisponivel"] = "$onde_503"
	place_of["tempo_esgotado"] = "$onde_504"
	print "# nginx's own errors in the shape of the workers'; they answer theirs themselves."
	print "error_page 502 = $onde_502;"
}

/^PROBLEM\(/ {
	read_problem($0)
	if (!(problem["codigo"] in answers))
		next
	place = "@" problem["codigo"]
	if (problem["codigo"] in early)
		place = "/problema/" problem["codigo"]
	if (answers[problem["codigo"]] != "")
		printf "error_page %s = %s;\n", answers[problem["codigo"]], \
			(problem["codigo"] in place_of ? place_of[problem["codigo"]] : place)
	printf "location %s%s {\n    internal;\n    types { }\n", (place ~ /^@/ ? "" : "= "), place
	printf "    default_type application/problem+json;\n"
	if (problem["retry"] > 0)
		printf "    include %s/cabecalhos.conf;\n    add_header Retry-After %d always;\n", etc, problem["retry"]
	if (problem["codigo"] in closes)
		printf "    keepalive_timeout 0;\n"
	# Of a file: of the API's addresses OPTIONS was answered before.
	if (problem["status"] == 405)
		printf "    if ($request_method = OPTIONS) {\n        return 204;\n    }\n"
	printf "    return %d '%s';\n}\n", problem["status"], body()
	delete answers[problem["codigo"]]
}

END {
	for (codigo in answers) {
		printf "problemas.awk: problems.def has no %s\n", codigo > "/dev/stderr"
		exit 1
	}
}
